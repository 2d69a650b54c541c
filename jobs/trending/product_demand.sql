-- Grain: one row per product and hour with demand, and one for the hour of the newest event, without a product.
SELECT /*+ STATE_TTL('demand' = 'DEMAND_STATE_TTL') */
  product_id,
  hour_number AS `hour`,
  SUM(interest) AS interest,
  SUM(orders) AS orders
FROM demand
GROUP BY product_id, hour_number
