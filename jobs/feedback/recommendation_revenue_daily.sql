-- Grain: one row per day of the shop, currency, model, source, arm and position of recommendations.
-- refunds, cancelled   count on the day on which they happen, not on the day of the order
SELECT /*+ STATE_TTL('m' = '30 d') */
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
FROM (
  SELECT
    `day`,
    currency,
    SPLIT_INDEX(told, U&'\001F', 1) AS model_version,
    SPLIT_INDEX(told, U&'\001F', 2) AS recommendation_source,
    SPLIT_INDEX(told, U&'\001F', 3) AS experiment_arm,
    CAST(SPLIT_INDEX(told, U&'\001F', 4) AS INT) AS `position`,
    units,
    gross,
    refunds,
    cancelled
  FROM revenue_movements
) AS m
GROUP BY `day`, currency, model_version, recommendation_source, experiment_arm, `position`
