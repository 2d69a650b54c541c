-- Grain: one row: the hour of the newest event, which is now. It never expires.
SELECT MAX(event_time / 3600000) AS hour_number
FROM events
