-- Grain: one row per day of the shop and currency.
-- Refunds and cancellations count on the day on which they happen, not on the day of the order.
-- coupon_orders      orders with a coupon
-- net_merchandise    what the lines cost, discounts taken off
-- tax_on_top         the part of tax that net_merchandise does not contain
-- line_refunds       of refunds that name what came back
-- order_refunds      of refunds of an order as a whole
-- returned_*         what refunds and cancellations give back beside their value
SELECT
  `day`,
  currency,
  SUM(CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END) AS orders,
  SUM(CASE WHEN event_type = 'purchase' AND coupon <> '' THEN 1 ELSE 0 END) AS coupon_orders,
  SUM(CASE WHEN event_type = 'purchase' THEN discount ELSE 0 END) AS discounts,
  SUM(CASE WHEN event_type = 'purchase' THEN `value` ELSE 0 END) AS net_merchandise,
  SUM(CASE WHEN event_type = 'purchase' THEN shipping ELSE 0 END) AS shipping,
  SUM(CASE WHEN event_type = 'purchase' THEN tax ELSE 0 END) AS tax,
  SUM(CASE WHEN event_type = 'purchase' THEN tax_on_top ELSE 0 END) AS tax_on_top,
  SUM(CASE WHEN event_type = 'refund' AND CARDINALITY(items) > 0 THEN `value` ELSE 0 END) AS line_refunds,
  SUM(CASE WHEN event_type = 'refund' AND CARDINALITY(items) = 0 THEN `value` ELSE 0 END) AS order_refunds,
  SUM(CASE WHEN event_type = 'order_cancelled' THEN `value` ELSE 0 END) AS cancelled,
  SUM(CASE WHEN event_type = 'purchase' THEN 0 ELSE shipping END) AS returned_shipping,
  SUM(CASE WHEN event_type = 'purchase' THEN 0 ELSE tax END) AS returned_tax,
  SUM(CASE WHEN event_type = 'purchase' THEN 0 ELSE tax_on_top END) AS returned_tax_on_top
FROM orders
GROUP BY `day`, currency
