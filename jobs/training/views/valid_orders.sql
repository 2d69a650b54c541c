-- Grain: one row per purchase that was not reversed as a whole: neither cancelled, nor refunded to its full value by
-- refunds without lines.
SELECT p.user_id, p.anonymous_id, p.order_id, p.event_time, p.items
FROM events AS p
LEFT JOIN (
  SELECT
    order_id,
    SUM(CASE WHEN event_type = 'order_cancelled' THEN 1 ELSE 0 END) AS cancellations,
    SUM(`value`) AS refunded
  FROM refunds_and_cancellations
  WHERE NOT has_lines
  GROUP BY order_id
) AS t ON t.order_id = p.order_id
WHERE p.event_type = 'purchase' AND (t.order_id IS NULL OR (t.cancellations = 0 AND t.refunded < p.`value`))
