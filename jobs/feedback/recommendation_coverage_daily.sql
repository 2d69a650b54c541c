-- Grain: one row per day of the shop, model and source of recommendations.
-- lists      answers that were shown
-- products   different ones in them
SELECT /*+ STATE_TTL('coverage_movements' = '30 d') */
  `day`,
  model_version,
  recommendation_source,
  SUM(lists) AS lists,
  SUM(users) AS users,
  SUM(products) AS products
FROM coverage_movements
GROUP BY `day`, model_version, recommendation_source
