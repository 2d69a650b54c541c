-- Grain: one row per order and product of its lines, by the purchase that counts of those that report it.
SELECT
  event_id,
  event_time,
  event_at,
  user_id,
  order_id,
  currency,
  order_value,
  product_id,
  SUM(quantity) AS units,
  CAST(SUM(quantity * price) AS DECIMAL(18, 4)) AS amount
FROM (
  SELECT
    o.event_id,
    o.event_time,
    o.event_at,
    o.user_id,
    o.order_id,
    o.currency,
    o.`value` AS order_value,
    i.product_id,
    i.quantity,
    i.price
  FROM counted_purchases AS o
  CROSS JOIN UNNEST(o.items) AS i (product_id, quantity, price, category)
)
GROUP BY event_id, event_time, event_at, user_id, order_id, currency, order_value, product_id
