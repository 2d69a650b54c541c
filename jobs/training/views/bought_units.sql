-- Grain: one row per product of an order that stands.
-- units   how many were bought
SELECT
  o.user_id,
  o.anonymous_id,
  o.order_id,
  i.product_id,
  MIN(o.event_time) AS event_time,
  SUM(i.quantity) AS units
FROM standing_orders AS o
CROSS JOIN UNNEST(o.items) AS i (product_id, quantity, price, category)
GROUP BY o.user_id, o.anonymous_id, o.order_id, i.product_id
