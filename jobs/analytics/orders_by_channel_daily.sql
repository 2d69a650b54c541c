-- Grain: one row per day of the shop and channel with a purchase.
-- channel   that of the purchase; (unknown) where none was given
SELECT
  `day`,
  COALESCE(`member`, '(unknown)') AS channel,
  SUM(orders) AS orders,
  SUM(units) AS units
FROM revenue_parts
WHERE dimension = 'channel'
GROUP BY `day`, COALESCE(`member`, '(unknown)')
