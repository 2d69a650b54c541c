-- Grain: one row per user, kind of interaction, product and hour: who does it again within the hour is not counted again.
-- And one for the hour of the newest event, without a product and without demand.
-- interest   how much it says of the demand, in views
SELECT
  product_id,
  hour_number,
  CAST(CASE kind WHEN 'add_to_wishlist' THEN 3 ELSE 1 END AS BIGINT) AS interest,
  CAST(0 AS BIGINT) AS orders
FROM looks
UNION ALL
SELECT product_id, hour_number, CAST(4 AS BIGINT), CAST(0 AS BIGINT)
FROM (
  SELECT /*+ STATE_TTL('a' = 'DEMAND_STATE_TTL', 'r' = 'DEMAND_STATE_TTL') */
    a.product_id,
    a.hour_number
  FROM (
    SELECT /*+ STATE_TTL('events' = 'PERIOD_STATE_TTL') */
      user_id,
      product_id,
      event_time / 3600000 AS hour_number,
      MAX(event_time) AS added_at
    FROM events
    WHERE event_type = 'add_to_cart' AND product_id <> ''
    GROUP BY user_id, product_id, event_time / 3600000
  ) AS a
  LEFT JOIN cart_removals AS r ON r.user_id = a.user_id AND r.product_id = a.product_id
  WHERE r.removed_at IS NULL OR a.added_at > r.removed_at
)
UNION ALL
SELECT product_id, hour_number, CAST(10 AS BIGINT), CAST(1 AS BIGINT)
FROM (
  SELECT /*+ STATE_TTL('kept_purchases' = 'DEMAND_STATE_TTL') */
    user_id,
    product_id,
    bought_at / 3600000 AS hour_number
  FROM kept_purchases
  GROUP BY user_id, product_id, bought_at / 3600000
)
UNION ALL
SELECT '', hour_number, CAST(0 AS BIGINT), CAST(0 AS BIGINT)
FROM clock
WHERE hour_number IS NOT NULL
