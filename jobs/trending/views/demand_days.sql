-- Grain: one row per product and UTC day on which it was ordered; a day is counted from 1970.
SELECT /*+ STATE_TTL('demand' = 'DEMAND_STATE_TTL') */
  product_id,
  event_time / 86400000 AS day_number,
  SUM(orders) AS orders,
  MAX(event_time) AS newest
FROM demand
WHERE orders > 0
GROUP BY product_id, event_time / 86400000
