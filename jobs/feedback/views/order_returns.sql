-- Grain: one row per product of a refund's lines, and per refund without lines or cancellation.
-- product_id   null where it is of the whole order; then its amount is shared by the order's products
SELECT event_type, event_at, order_id, currency, CAST(NULL AS STRING) AS product_id, `value` AS amount
FROM events
WHERE event_type = 'order_cancelled' OR (event_type = 'refund' AND CARDINALITY(items) = 0)
UNION ALL
SELECT r.event_type, r.event_at, r.order_id, r.currency, i.product_id, CAST(i.quantity * i.price AS DECIMAL(18, 4))
FROM events AS r
CROSS JOIN UNNEST(r.items) AS i (product_id, quantity, price, category)
WHERE r.event_type = 'refund'
