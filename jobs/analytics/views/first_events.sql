-- Grain: one row per user: when the user was first seen, by event time.
-- Its state lives as long as the user.
SELECT user_id, MIN(event_time) AS first_time
FROM user_events
GROUP BY user_id
