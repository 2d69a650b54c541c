-- Grain: one row per day of the shop with a search or a click on a result.
SELECT /*+ STATE_TTL('search_movements' = '30 d') */
  `day`,
  SUM(searches) AS searches,
  SUM(zero_results) AS zero_results,
  SUM(clicks) AS clicks
FROM search_movements
GROUP BY `day`
