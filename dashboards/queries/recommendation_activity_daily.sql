-- What recommendations led to. Grain: one row a day of the shop, model, source, arm and position.
-- docs/metrics.md says what each column means.
SELECT
    day,
    model_version,
    recommendation_source,
    experiment_arm,
    position,
    shown,
    clicks,
    purchases,
    click_rate,
    conversion_rate
FROM recommendation_activity_daily
WHERE day BETWEEN {from:Date} AND {to:Date}
ORDER BY day, model_version, recommendation_source, experiment_arm, position
