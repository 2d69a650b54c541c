-- Grain: one row per day of the shop, currency and product bought or returned on it.
-- purchases   lines of purchases with the product
SELECT
  `day`,
  currency,
  product_id,
  SUM(CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END) AS purchases,
  SUM(CASE WHEN event_type = 'purchase' THEN quantity ELSE 0 END) AS units,
  SUM(CASE WHEN event_type = 'purchase' THEN quantity * price ELSE 0 END) AS revenue,
  SUM(CASE WHEN event_type = 'refund' THEN quantity ELSE 0 END) AS returned_units,
  SUM(CASE WHEN event_type = 'refund' THEN quantity * price ELSE 0 END) AS refunded
FROM order_lines
GROUP BY `day`, currency, product_id
