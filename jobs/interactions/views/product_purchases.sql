-- Grain: one row per user and product that was bought or given back.
-- purchases         order_id, bought_at and units of each order that has units of it left
-- unmatched_units   units given back under order ids that name no purchase of it
-- returned_at       the newest time of these; null where there are none
SELECT /*+ STATE_TTL('order_products' = 'DEMAND_STATE_TTL') */
  user_id,
  MAX(is_visitor) AS is_visitor,
  product_id,
  ARRAY_AGG(ROW(order_id, moment, units)) FILTER (WHERE `lines` > 0 AND units > 0) AS purchases,
  SUM(CASE WHEN `lines` = 0 THEN -units ELSE 0 END) AS unmatched_units,
  MAX(CASE WHEN `lines` = 0 THEN moment END) AS returned_at
FROM order_products
GROUP BY user_id, product_id
