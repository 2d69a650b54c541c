-- Grain: one row per day of the shop, model, source, arm and position of recommendations.
-- purchases   products of purchases that are attributed to one, on the day of the purchase
SELECT
  `day`,
  model_version,
  recommendation_source,
  experiment_arm,
  `position`,
  SUM(shown) AS shown,
  SUM(clicks) AS clicks,
  SUM(purchases) AS purchases
FROM activity_deltas
GROUP BY `day`, model_version, recommendation_source, experiment_arm, `position`
