-- Grain: one row per click on a recommended product, and per purchase that its producer attributes to a recommendation.
-- is_click   of two touches of one product a click counts before what its producer says, then the later one
-- order_id   the order that the producer names; null for a click
-- model_version, recommendation_source, experiment_arm, position   of the recommendation, as the event carries them
SELECT
  event_id,
  event_time,
  event_at,
  user_id,
  product_id,
  event_type = 'recommendation_clicked' AS is_click,
  CASE WHEN event_type = 'recommendation_purchased' THEN COALESCE(order_id, '') END AS order_id,
  COALESCE(model_version, '') AS model_version,
  COALESCE(recommendation_source, '') AS recommendation_source,
  COALESCE(experiment_arm, '') AS experiment_arm,
  COALESCE(`position`, 0) AS `position`
FROM events
WHERE event_type IN ('recommendation_clicked', 'recommendation_purchased') AND product_id <> ''
