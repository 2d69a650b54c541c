-- Grain: one row per product of a valid order.
-- units   number of units bought
SELECT
  o.user_id,
  o.anonymous_id,
  o.order_id,
  i.product_id,
  MIN(o.event_time) AS event_time,
  SUM(i.quantity) AS units
FROM valid_orders AS o
CROSS JOIN UNNEST(o.items) AS i (product_id, quantity, price, category)
GROUP BY o.user_id, o.anonymous_id, o.order_id, i.product_id
