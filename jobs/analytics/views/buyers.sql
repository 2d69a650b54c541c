-- Grain: one row per day of the shop, currency and user who bought something in it.
SELECT `day`, currency, user_id
FROM (
  SELECT
    `day`,
    currency,
    user_id,
    ROW_NUMBER() OVER (PARTITION BY `day`, currency, user_id ORDER BY processed_at ASC) AS occurrence
  FROM orders
  WHERE event_type = 'purchase'
)
WHERE occurrence = 1
