-- Grain: one row per minute and currency.
SELECT /*+ STATE_TTL('sales_movements' = '30 d') */
  minute_utc AS `minute`,
  currency,
  SUM(orders) AS orders,
  SUM(units) AS units,
  SUM(gross) AS gross,
  SUM(refunds) AS refunds,
  SUM(cancelled) AS cancelled
FROM sales_movements
GROUP BY minute_utc, currency
