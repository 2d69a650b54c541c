-- Grain: one row per person: when the person was first seen, by event time.
SELECT /*+ STATE_TTL('first_appearances' = 'FOR_EVER') */ user_id, MIN(first_time) AS first_time
FROM first_appearances
GROUP BY user_id
