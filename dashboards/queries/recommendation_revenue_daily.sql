-- What recommendations earned. Grain: one row a day of the shop, currency, model, source, arm and position.
-- docs/metrics.md says what each column means.
SELECT
    day,
    currency,
    model_version,
    recommendation_source,
    experiment_arm,
    position,
    units,
    gross,
    refunds,
    cancelled,
    net
FROM recommendation_revenue_daily
WHERE day BETWEEN {from:Date} AND {to:Date}
ORDER BY day, currency, model_version, recommendation_source, experiment_arm, position
