-- Grain: one row per day of the shop with an event of a user.
-- new_users   users whose first event ever, by event time, is of that day
SELECT
  `day`,
  SUM(active_users) AS active_users,
  SUM(new_users) AS new_users,
  SUM(registrations) AS registrations
FROM user_deltas
GROUP BY `day`
