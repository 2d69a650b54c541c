-- How much of the shop recommendations show. Grain: one row a day of the shop, model and source.
-- docs/metrics.md says what each column means.
SELECT
    day,
    model_version,
    recommendation_source,
    lists,
    users,
    products,
    products_per_list
FROM recommendation_coverage_daily
WHERE day BETWEEN {from:Date} AND {to:Date}
ORDER BY day, model_version, recommendation_source
