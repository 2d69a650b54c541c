-- Grain: one row per day of the shop, model and source of recommendations.
-- lists      answers that were shown
-- products   different ones in them
SELECT
  `day`,
  model_version,
  recommendation_source,
  SUM(lists) AS lists,
  SUM(users) AS users,
  SUM(products) AS products
FROM coverage_deltas
GROUP BY `day`, model_version, recommendation_source
