-- What people search for. Grain: one row a query, over the days asked for.
-- parameter order = searches (searches, zero_results, clicks)
--                                    which queries come first: those of the most of it
-- parameter limit = 50 (1 to 10000)  rows at the most
-- query [text]                       what was searched for, in lower case without blanks at its ends
-- searches [count]                   search events
-- zero_results [count]               of those, with search_results = 0
-- clicks [count]                     select_item events with this search_query
-- zero_result_rate [share]           zero_results / searches; NULL where searches is 0
-- click_through_rate [share]         clicks / searches; NULL where searches is 0
SELECT
    query,
    sum(terms.searches) AS searches,
    sum(terms.zero_results) AS zero_results,
    sum(terms.clicks) AS clicks,
    zero_results / nullIf(searches, 0) AS zero_result_rate,
    clicks / nullIf(searches, 0) AS click_through_rate
FROM search_queries_daily AS terms
WHERE day BETWEEN {from:Date} AND {to:Date}
GROUP BY query
ORDER BY multiIf({order:String} = 'clicks', clicks, {order:String} = 'zero_results', zero_results, searches) DESC, query
LIMIT {limit:UInt32}
