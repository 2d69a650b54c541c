-- Grain: one row per product that was shown as a recommendation.
-- position   its rank in the list, from 1; 0 where the event does not say
SELECT
  CAST(e.event_at AS DATE) AS `day`,
  COALESCE(e.model_version, '') AS model_version,
  COALESCE(e.recommendation_source, '') AS recommendation_source,
  COALESCE(e.experiment_arm, '') AS experiment_arm,
  CAST(i.list_rank AS INT) AS `position`,
  e.event_id,
  e.user_id,
  i.product_id,
  e.processed_at
FROM events AS e
CROSS JOIN UNNEST(e.items) WITH ORDINALITY AS i (product_id, quantity, price, category, list_rank)
WHERE e.event_type = 'recommendation_shown'
UNION ALL
SELECT
  CAST(event_at AS DATE),
  COALESCE(model_version, ''),
  COALESCE(recommendation_source, ''),
  COALESCE(experiment_arm, ''),
  COALESCE(`position`, 0),
  event_id,
  user_id,
  product_id,
  processed_at
FROM events
WHERE event_type = 'recommendation_shown' AND CARDINALITY(items) = 0
