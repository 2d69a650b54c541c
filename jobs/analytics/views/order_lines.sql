-- Grain: one row per line of a purchase or a refund; equal products in one order stay separate lines.
SELECT
  o.event_type,
  o.order_id,
  o.user_id,
  o.`day`,
  o.minute_utc,
  o.country,
  o.channel,
  o.currency,
  i.product_id,
  i.quantity,
  i.price,
  i.category
FROM orders AS o
CROSS JOIN UNNEST(o.items) AS i (product_id, quantity, price, category)
WHERE o.event_type IN ('purchase', 'refund')
