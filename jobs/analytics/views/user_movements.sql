-- Grain: one row per user and day with an event, per user for the first event, and per registration.
SELECT `day`, user_id AS active_user, 0 AS new_users, CASE WHEN event_type = 'user_registered' THEN 1 ELSE 0 END AS registrations
FROM user_events
UNION ALL
SELECT CAST(TO_TIMESTAMP_LTZ(first_time, 3) AS DATE), CAST(NULL AS STRING), 1, 0
FROM first_events
