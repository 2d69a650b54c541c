-- Grain: one row per day of the shop with a search or a click on a result.
SELECT
  `day`,
  SUM(searches) AS searches,
  SUM(zero_results) AS zero_results,
  SUM(clicks) AS clicks
FROM search_deltas
GROUP BY `day`
