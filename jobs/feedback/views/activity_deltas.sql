-- Grain: one row per product shown, per click on one, and per purchase and product that is attributed to one.
SELECT `day`, model_version, recommendation_source, experiment_arm, `position`, 1 AS shown, 0 AS clicks, 0 AS purchases
FROM impressions
WHERE product_id <> ''
UNION ALL
SELECT
  CAST(event_at AS DATE),
  COALESCE(model_version, ''),
  COALESCE(recommendation_source, ''),
  COALESCE(experiment_arm, ''),
  COALESCE(`position`, 0),
  0,
  1,
  0
FROM events
WHERE event_type = 'recommendation_clicked'
UNION ALL
SELECT
  CAST(event_at AS DATE),
  model_version,
  recommendation_source,
  experiment_arm,
  `position`,
  0,
  0,
  1
FROM attributed_products
