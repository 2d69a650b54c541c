-- Grain: one row per day of the shop and user with an event on it.
SELECT /*+ STATE_TTL('user_events' = '30 d') */
  `day`,
  user_id
FROM user_events
GROUP BY `day`, user_id
