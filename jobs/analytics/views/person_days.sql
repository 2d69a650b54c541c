-- Grain: one row per day of the shop and person with an event on it.
SELECT /*+ STATE_TTL('appearances' = 'PRESENCE_STATE_TTL') */ `day`, user_id
FROM appearances
GROUP BY `day`, user_id
