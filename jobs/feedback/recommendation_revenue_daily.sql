-- Grain: one row per day of the shop, currency, model, source, arm and position of recommendations.
-- refunds, cancelled   count on the day on which they happen, not on the day of the order
SELECT
  `day`,
  currency,
  model_version,
  recommendation_source,
  experiment_arm,
  `position`,
  SUM(units) AS units,
  SUM(gross) AS gross,
  SUM(refunds) AS refunds,
  SUM(cancelled) AS cancelled
FROM revenue_deltas
GROUP BY `day`, currency, model_version, recommendation_source, experiment_arm, `position`
