-- Grain: one row per change of stock that came without a level.
SELECT product_id, event_time, quantity
FROM events
WHERE event_type = 'stock_changed' AND stock IS NULL
