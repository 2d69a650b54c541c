-- Grain: one row per day of the shop, currency and user who bought something in it.
SELECT /*+ STATE_TTL('orders' = 'PERIOD_STATE_TTL') */ `day`, currency, user_id
FROM orders
WHERE event_type = 'purchase'
GROUP BY `day`, currency, user_id
