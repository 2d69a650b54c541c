-- Grain: one row per day of the shop, currency and user who bought something in it.
-- It is an aggregate, as an order may be taken back: when a better report of it comes, on another day or of another user.
SELECT `day`, currency, user_id
FROM orders
WHERE event_type = 'purchase'
GROUP BY `day`, currency, user_id
