-- Grain: one row per day of the shop and user with an event on it.
-- registrations   of the user on that day
SELECT /*+ STATE_TTL('user_events' = 'PERIOD_STATE_TTL') */
  `day`,
  user_id,
  SUM(CASE WHEN event_type = 'user_registered' THEN 1 ELSE 0 END) AS registrations
FROM user_events
GROUP BY `day`, user_id
