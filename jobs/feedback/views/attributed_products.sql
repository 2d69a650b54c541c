-- Grain: one row per purchase and product of it that is attributed to a recommendation: to the touch that counts most.
-- A click counts for seven days.
SELECT
  event_id,
  event_at,
  order_id,
  currency,
  order_value,
  product_id,
  units,
  amount,
  model_version,
  recommendation_source,
  experiment_arm,
  `position`
FROM (
  SELECT
    p.event_id,
    p.event_at,
    p.order_id,
    p.currency,
    p.order_value,
    p.product_id,
    p.units,
    p.amount,
    t.model_version,
    t.recommendation_source,
    t.experiment_arm,
    t.`position`,
    ROW_NUMBER() OVER (
      PARTITION BY p.event_id, p.product_id
      ORDER BY t.is_click DESC, t.event_time DESC, t.event_id DESC
    ) AS touch_rank
  FROM order_products AS p
  JOIN touches AS t
    ON t.user_id = p.user_id AND t.product_id = p.product_id
    AND (
      t.order_id = p.order_id
      OR (t.order_id IS NULL AND t.event_at BETWEEN p.event_at - INTERVAL '7' DAY AND p.event_at)
    )
)
WHERE touch_rank = 1
