-- Grain: one row per day of the shop, currency and coupon that an order used on it.
-- discounts   what the orders were cheaper by
-- value       what their lines cost, discounts taken off
SELECT
  `day`,
  currency,
  coupon,
  COUNT(*) AS orders,
  SUM(discount) AS discounts,
  SUM(`value`) AS `value`
FROM orders
WHERE event_type = 'purchase' AND coupon <> ''
GROUP BY `day`, currency, coupon
