-- Grain: one row per day of the shop, model and source of recommendations.
-- lists      answers that were shown
-- products   different ones in them
SELECT /*+ STATE_TTL('impressions' = '30 d') */
  `day`,
  model_version,
  recommendation_source,
  COUNT(DISTINCT event_id) AS lists,
  COUNT(DISTINCT user_id) AS users,
  COUNT(DISTINCT product_id) AS products
FROM impressions
GROUP BY `day`, model_version, recommendation_source
