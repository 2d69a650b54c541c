-- Searches of one day of the shop. Grain: one row a day; docs/metrics.md says what each column means.
SELECT
    day,
    searches,
    zero_results,
    clicks,
    zero_result_rate,
    click_through_rate
FROM search_daily
WHERE day BETWEEN {from:Date} AND {to:Date}
ORDER BY day
