-- Grain: one row per minute with an event of a user.
SELECT /*+ STATE_TTL('user_minutes' = 'PERIOD_STATE_TTL') */
  minute_utc AS `minute`,
  SUM(events) AS events,
  SUM(page_views) AS page_views,
  SUM(`views`) AS `views`,
  SUM(cart_additions) AS cart_additions,
  SUM(searches) AS searches,
  SUM(purchases) AS purchases,
  COUNT(*) AS users
FROM user_minutes
GROUP BY minute_utc
