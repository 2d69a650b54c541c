-- Grain: one row per minute and user with an event in it.
SELECT /*+ STATE_TTL('user_events' = 'PERIOD_STATE_TTL') */
  minute_utc,
  user_id,
  COUNT(*) AS events,
  SUM(CASE WHEN event_type = 'page_view' THEN 1 ELSE 0 END) AS page_views,
  SUM(CASE WHEN event_type = 'view_item' THEN 1 ELSE 0 END) AS `views`,
  SUM(CASE WHEN event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_additions,
  SUM(CASE WHEN event_type = 'search' THEN 1 ELSE 0 END) AS searches,
  SUM(CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END) AS purchases
FROM user_events
GROUP BY minute_utc, user_id
