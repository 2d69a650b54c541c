-- Grain: one row per user and product that the user ever took out of the cart.
-- removed_at   the newest time
SELECT /*+ STATE_TTL('events' = 'DEMAND_STATE_TTL') */
  user_id,
  product_id,
  MAX(event_time) AS removed_at
FROM events
WHERE event_type = 'remove_from_cart' AND product_id <> ''
GROUP BY user_id, product_id
