-- Grain: one row per user, order and product of which at least one unit was kept. Unmatched returns are subtracted from
-- the user's newest purchases of the product, up to the newest such return.
SELECT user_id, is_visitor, order_id, product_id, bought_at
FROM (
  SELECT /*+ STATE_TTL('pairs' = 'DEMAND_STATE_TTL') */
    user_id,
    is_visitor,
    order_id,
    product_id,
    bought_at,
    unmatched_units,
    returned_at,
    SUM(units) AS units_from_here
  FROM (
    SELECT
      p.user_id, p.is_visitor, a.order_id, p.product_id, a.bought_at, p.unmatched_units, p.returned_at, b.units
    FROM product_purchases AS p
    CROSS JOIN UNNEST(p.purchases) AS a (order_id, bought_at, units)
    CROSS JOIN UNNEST(p.purchases) AS b (order_id, bought_at, units)
    WHERE b.order_id = a.order_id
      OR (b.bought_at > a.bought_at AND b.bought_at <= p.returned_at)
      OR (b.bought_at = a.bought_at AND b.order_id < a.order_id)
  ) AS pairs
  GROUP BY user_id, is_visitor, order_id, product_id, bought_at, unmatched_units, returned_at
)
WHERE returned_at IS NULL OR bought_at > returned_at OR units_from_here > unmatched_units
