-- Grain: one row per day of the shop, order, customer and currency with a purchase, a refund or a cancellation on it.
-- guest_orders   purchases of a visitor who has not signed in
-- units          quantities of the lines of purchases
SELECT
  `day`,
  order_id,
  user_id,
  currency,
  SUM(orders) AS orders,
  SUM(guest_orders) AS guest_orders,
  SUM(units) AS units,
  SUM(gross) AS gross,
  SUM(refunds) AS refunds,
  SUM(cancelled) AS cancelled,
  SUM(cancellations) AS cancellations
FROM customer_order_deltas
GROUP BY `day`, order_id, user_id, currency
