-- Searches in all, beside those of the period before. Grain: one row a period with a search or a click on a result.
-- period [text]               current or before
-- searches [count]            search events
-- zero_results [count]        of those, with search_results = 0
-- clicks [count]              select_item events with a search_query
-- zero_result_rate [share]    zero_results / searches; NULL where searches is 0
-- click_through_rate [share]  clicks / searches; NULL where searches is 0
WITH
    toInt32({from:Date}) AS first,
    toInt32({to:Date}) AS last,
    first - (last - first + 1) AS first_before
SELECT
    if(toInt32(day) >= first, 'current', 'before') AS period,
    sum(search_daily.searches) AS searches,
    sum(search_daily.zero_results) AS zero_results,
    sum(search_daily.clicks) AS clicks,
    zero_results / nullIf(searches, 0) AS zero_result_rate,
    clicks / nullIf(searches, 0) AS click_through_rate
FROM search_daily
WHERE toInt32(day) BETWEEN first_before AND last
GROUP BY period
ORDER BY period DESC
