-- Grain: one row per minute and currency.
SELECT
  minute_utc AS `minute`,
  currency,
  SUM(orders) AS orders,
  SUM(units) AS units,
  SUM(gross) AS gross,
  SUM(refunds) AS refunds,
  SUM(cancelled) AS cancelled
FROM sales_deltas
GROUP BY minute_utc, currency
