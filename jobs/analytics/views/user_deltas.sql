-- Grain: one row per user and day with an event, and per user for the first event.
SELECT `day`, 1 AS active_users, 0 AS new_users, registrations
FROM user_activity
UNION ALL
SELECT CAST(TO_TIMESTAMP_LTZ(first_time, 3) AS DATE), 0, 1, 0
FROM first_events
