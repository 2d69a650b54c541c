-- Grain: one row per event of a user, per order, and per minute and user with an event in it.
SELECT
  minute_utc,
  1 AS events,
  CASE WHEN event_type = 'page_view' THEN 1 ELSE 0 END AS page_views,
  CASE WHEN event_type = 'view_item' THEN 1 ELSE 0 END AS `views`,
  CASE WHEN event_type = 'add_to_cart' THEN 1 ELSE 0 END AS cart_additions,
  CASE WHEN event_type = 'search' THEN 1 ELSE 0 END AS searches,
  0 AS purchases,
  0 AS users
FROM user_events
UNION ALL
SELECT minute_utc, 0, 0, 0, 0, 0, 1, 0
FROM orders
WHERE event_type = 'purchase'
UNION ALL
SELECT minute_utc, 0, 0, 0, 0, 0, 0, 1
FROM user_minutes
