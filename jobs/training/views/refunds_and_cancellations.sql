-- Grain: one row per refund or cancellation.
SELECT event_type, event_time, user_id, order_id, `value`, items, CARDINALITY(items) > 0 AS has_lines
FROM events
WHERE event_type IN ('refund', 'order_cancelled')
