-- Grain: one row per product of which a level of stock was ever observed: the newest.
-- Its state lives as long as the product.
SELECT product_id, event_time, stock
FROM (
  SELECT
    product_id,
    event_time,
    stock,
    ROW_NUMBER() OVER (PARTITION BY product_id ORDER BY event_time DESC, event_id DESC) AS level_rank
  FROM events
  WHERE product_id <> '' AND stock IS NOT NULL
)
WHERE level_rank = 1
