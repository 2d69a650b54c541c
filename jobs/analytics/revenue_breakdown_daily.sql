-- Grain: one row per day of the shop, currency, dimension (country, channel, category) and member of it.
-- orders    purchases; for the dimension category, lines of purchases
-- revenue   their value; for the dimension category, quantity times price
SELECT
  `day`,
  currency,
  dimension,
  COALESCE(`member`, '(unknown)') AS `member`,
  SUM(orders) AS orders,
  SUM(units) AS units,
  SUM(revenue) AS revenue
FROM revenue_parts
GROUP BY `day`, currency, dimension, COALESCE(`member`, '(unknown)')
