-- Grain: one row per product and hour with demand; an hour is counted from 1970.
SELECT /*+ STATE_TTL('demand' = 'DEMAND_STATE_TTL') */
  product_id,
  event_time / 3600000 AS hour_number,
  SUM(interest) AS interest,
  SUM(orders) AS orders,
  MAX(event_time) AS newest
FROM demand
GROUP BY product_id, event_time / 3600000
