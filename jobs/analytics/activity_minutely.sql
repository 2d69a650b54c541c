-- Grain: one row per minute with an event of a user.
SELECT
  minute_utc AS `minute`,
  SUM(events) AS events,
  SUM(page_views) AS page_views,
  SUM(`views`) AS `views`,
  SUM(cart_additions) AS cart_additions,
  SUM(searches) AS searches,
  SUM(purchases) AS purchases,
  SUM(users) AS users
FROM minute_deltas
GROUP BY minute_utc
