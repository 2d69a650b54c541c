-- Grain: one row per user and product with units returned under an order id that names no purchase of it.
-- returned_at   time of the last such return
SELECT r.user_id, r.product_id, MAX(r.event_time) AS returned_at, SUM(r.units) AS units
FROM returned_units AS r
LEFT JOIN (SELECT DISTINCT order_id, product_id FROM bought_units) AS b
  ON b.order_id = r.order_id AND b.product_id = r.product_id
WHERE b.order_id IS NULL
GROUP BY r.user_id, r.product_id
