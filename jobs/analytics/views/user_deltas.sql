-- Grain: one row per person and day with an event, per person for the first event, and per registration.
SELECT `day`, 1 AS active_users, 0 AS new_users, 0 AS registrations
FROM person_days
UNION ALL
SELECT CAST(TO_TIMESTAMP_LTZ(first_time, 3) AS DATE), 0, 1, 0
FROM newcomers
UNION ALL
SELECT `day`, 0, 0, 1
FROM user_events
WHERE event_type = 'user_registered'
