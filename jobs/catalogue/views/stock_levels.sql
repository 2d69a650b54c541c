-- Grain: one row per product of which a level of stock was ever told: the newest.
-- told   15 digits of the time, 32 characters of the event, the level
SELECT
  product_id,
  MAX(CONCAT(LPAD(CAST(event_time AS STRING), 15, '0'), MD5(event_id), CAST(stock AS STRING))) AS told
FROM events
WHERE product_id <> '' AND stock IS NOT NULL
GROUP BY product_id
