-- Grain: one row per day of the shop and query searched for or clicked from.
SELECT
  `day`,
  query,
  SUM(searches) AS searches,
  SUM(zero_results) AS zero_results,
  SUM(clicks) AS clicks
FROM search_deltas
GROUP BY `day`, query
