-- Grain: one row per user, order id and product that was bought or given back under it.
-- lines     lines of purchases; 0 where the order id names no purchase of the product, as many shops give a return an
--           order id of its own
-- units     units bought, without those given back under the same order id
-- moment    when it was bought; where it was not, or its purchase was reversed, when it was last given back
SELECT
  user_id,
  is_visitor,
  order_id,
  product_id,
  `lines`,
  units,
  COALESCE(bought_at, returned_at) AS moment
FROM (
  SELECT /*+ STATE_TTL('order_lines' = 'DEMAND_STATE_TTL') */
    user_id,
    MAX(is_visitor) AS is_visitor,
    order_id,
    product_id,
    SUM(is_bought) AS `lines`,
    SUM(units) AS units,
    MIN(CASE WHEN units > 0 THEN event_time END) AS bought_at,
    MAX(CASE WHEN is_bought = 0 THEN event_time END) AS returned_at
  FROM order_lines
  GROUP BY user_id, order_id, product_id
)
