-- Grain: one row per day of the shop with an event of a user.
-- new_users   persons whose first event ever, by event time, is of that day
-- A link that comes 30 days after a day may still correct it.
SELECT /*+ STATE_TTL('user_deltas' = 'PRESENCE_STATE_TTL') */
  `day`,
  SUM(active_users) AS active_users,
  SUM(new_users) AS new_users,
  SUM(registrations) AS registrations
FROM user_deltas
GROUP BY `day`
