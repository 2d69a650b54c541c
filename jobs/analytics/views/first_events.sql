-- Grain: one row per user: when the user was first seen, by event time.
SELECT /*+ STATE_TTL('user_events' = 'FOR_EVER') */ user_id, MIN(event_time) AS first_time
FROM user_events
GROUP BY user_id
