-- Grain: one row per purchase, refund, cancellation, and per line of a purchase: what each adds to the sales of its period.
SELECT
  `day`,
  minute_utc,
  currency,
  CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END AS orders,
  CAST(0 AS BIGINT) AS units,
  CASE WHEN event_type = 'purchase' THEN `value` ELSE 0 END AS gross,
  CASE WHEN event_type = 'refund' THEN `value` ELSE 0 END AS refunds,
  CASE WHEN event_type = 'order_cancelled' THEN `value` ELSE 0 END AS cancelled
FROM orders
UNION ALL
SELECT `day`, minute_utc, currency, 0, quantity, 0, 0, 0
FROM order_lines
WHERE event_type = 'purchase'
