-- Grain: one row per product and hour with demand, and per product and UTC day with orders.
-- grain         hour or day
-- number        of the hour or day, counted from 1970
-- newest_hour   the last hour with demand in it
-- Hours and days are one table, so that Flink computes what they are made of once.
SELECT /*+ STATE_TTL('d' = 'DEMAND_STATE_TTL') */
  product_id,
  grain,
  number,
  SUM(interest) AS interest,
  SUM(orders) AS orders,
  MAX(hour_number) AS newest_hour
FROM (
  SELECT e.product_id, e.hour_number, e.interest, e.orders, p.grain, p.number
  FROM demand AS e
  CROSS JOIN UNNEST(ARRAY[ROW('hour', e.hour_number), ROW('day', e.hour_number / 24)]) AS p (grain, number)
  WHERE p.grain = 'hour' OR e.orders > 0
) AS d
GROUP BY product_id, grain, number
