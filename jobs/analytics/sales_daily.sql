-- Grain: one row per day of the shop and currency.
-- refunds, cancelled   count on the day on which they happen, not on the day of the order
-- new_buyers           users whose first purchase ever, by event time, is of that day and currency
SELECT
  `day`,
  currency,
  SUM(orders) AS orders,
  SUM(units) AS units,
  SUM(gross) AS gross,
  SUM(refunds) AS refunds,
  SUM(cancelled) AS cancelled,
  SUM(buyers) AS buyers,
  SUM(new_buyers) AS new_buyers
FROM daily_sales_deltas
GROUP BY `day`, currency
