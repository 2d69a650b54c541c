-- Grain: one row per purchase and product that is due to a recommendation.
-- told   the touch that it is due to
SELECT /*+ STATE_TTL('touched' = '30 d') */
  event_id,
  event_at,
  order_id,
  currency,
  order_value,
  product_id,
  units,
  amount,
  MAX(told) AS told
FROM (
  SELECT /*+ STATE_TTL('p' = '30 d', 't' = '30 d') */
    p.event_id,
    p.event_at,
    p.order_id,
    p.currency,
    p.order_value,
    p.product_id,
    p.units,
    p.amount,
    t.told
  FROM order_products AS p
  JOIN touches AS t
    ON t.user_id = p.user_id AND t.product_id = p.product_id
    AND (
      t.order_id = p.order_id
      OR (t.order_id IS NULL AND t.event_time BETWEEN p.event_time - 604800000 AND p.event_time)
    )
) AS touched
GROUP BY event_id, event_at, order_id, currency, order_value, product_id, units, amount
