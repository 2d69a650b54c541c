-- Grain: one row per purchase, refund, cancellation, and per line of a purchase: what each adds to its order on its day.
SELECT
  `day`,
  order_id,
  user_id,
  currency,
  CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END AS orders,
  CASE WHEN event_type = 'purchase' AND anonymous_id = user_id THEN 1 ELSE 0 END AS guest_orders,
  CAST(0 AS BIGINT) AS units,
  CASE WHEN event_type = 'purchase' THEN `value` ELSE 0 END AS gross,
  CASE WHEN event_type = 'refund' THEN `value` ELSE 0 END AS refunds,
  CASE WHEN event_type = 'order_cancelled' THEN `value` ELSE 0 END AS cancelled,
  CASE WHEN event_type = 'order_cancelled' THEN 1 ELSE 0 END AS cancellations
FROM orders
UNION ALL
SELECT `day`, order_id, user_id, currency, 0, 0, quantity, 0, 0, 0, 0
FROM order_lines
WHERE event_type = 'purchase'
