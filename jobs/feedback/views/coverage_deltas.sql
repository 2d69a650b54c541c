-- Grain: one row per answer that was shown, and per day of the shop, model and source one per user and one per product in them.
SELECT
  CAST(event_at AS DATE) AS `day`,
  COALESCE(model_version, '') AS model_version,
  COALESCE(recommendation_source, '') AS recommendation_source,
  1 AS lists,
  0 AS users,
  0 AS products
FROM events
WHERE event_type = 'recommendation_shown'
UNION ALL
SELECT `day`, model_version, recommendation_source, 0, 1, 0
FROM (
  SELECT
    `day`,
    model_version,
    recommendation_source,
    ROW_NUMBER() OVER (
      PARTITION BY `day`, model_version, recommendation_source, user_id ORDER BY processed_at ASC
    ) AS occurrence
  FROM impressions
)
WHERE occurrence = 1
UNION ALL
SELECT `day`, model_version, recommendation_source, 0, 0, 1
FROM (
  SELECT
    `day`,
    model_version,
    recommendation_source,
    ROW_NUMBER() OVER (
      PARTITION BY `day`, model_version, recommendation_source, product_id ORDER BY processed_at ASC
    ) AS occurrence
  FROM impressions
  WHERE product_id <> ''
)
WHERE occurrence = 1
