-- Searches of one day of the shop for one query. Grain: one row a day, query; docs/metrics.md says what each column means.
SELECT
    day,
    query,
    searches,
    zero_results,
    clicks,
    zero_result_rate,
    click_through_rate
FROM search_queries_daily
WHERE day BETWEEN {from:Date} AND {to:Date}
ORDER BY day, query
