-- Grain: one row per click on a recommended product, and per purchase that its producer says is due to one.
-- order_id   of the latter the order; null for a click
-- told       what the touch is, so that the greatest is the one that counts: a click before a statement, then the last;
--            behind time and event: model, source, arm and position of the recommendation, as the event carries them
SELECT
  user_id,
  product_id,
  event_time,
  CASE WHEN event_type = 'recommendation_purchased' THEN COALESCE(order_id, '') END AS order_id,
  CONCAT_WS(
    U&'\001F',
    CONCAT(
      CASE WHEN event_type = 'recommendation_clicked' THEN '1' ELSE '0' END,
      LPAD(CAST(event_time AS STRING), 15, '0'),
      MD5(event_id)
    ),
    COALESCE(model_version, ''),
    COALESCE(recommendation_source, ''),
    COALESCE(experiment_arm, ''),
    CAST(COALESCE(`position`, 0) AS STRING)
  ) AS told
FROM events
WHERE event_type IN ('recommendation_clicked', 'recommendation_purchased') AND product_id <> ''
