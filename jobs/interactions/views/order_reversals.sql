-- Grain: one row per user and order with a cancellation or a refund without lines, which is of the order as a whole.
SELECT /*+ STATE_TTL('events' = 'DEMAND_STATE_TTL') */
  user_id,
  order_id,
  SUM(CASE WHEN event_type = 'order_cancelled' THEN 1 ELSE 0 END) AS cancellations,
  SUM(`value`) AS refunded
FROM events
WHERE event_type IN ('refund', 'order_cancelled') AND CARDINALITY(items) = 0
GROUP BY user_id, order_id
