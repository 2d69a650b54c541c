-- Grain: one row per session.
-- path   the steps of the funnel that it took, each behind its time, in the order of time; of its views only the
--        first, which is all that the funnel asks for: a bot views thousands of products
SELECT
  session_id,
  MIN(opening) AS opening,
  MIN(event_time) AS started_ms,
  MAX(event_time) AS ended_ms,
  COUNT(*) AS events,
  SUM(CASE WHEN event_type = 'page_view' THEN 1 ELSE 0 END) AS page_views,
  SUM(CASE WHEN event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_additions,
  SUM(CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END) AS purchases,
  MIN(CASE WHEN event_type = 'purchase' THEN currency END) AS least_currency,
  MAX(CASE WHEN event_type = 'purchase' THEN currency END) AS greatest_currency,
  SUM(CASE WHEN event_type = 'purchase' THEN `value` END) AS revenue,
  COALESCE(
    ARRAY_JOIN(ARRAY_SORT(ARRAY_APPEND(
      ARRAY_AGG(timed_step) FILTER (WHERE timed_step IS NOT NULL),
      MIN(timed_view)
    )), ''),
    MIN(timed_view),
    ''
  ) AS path
FROM session_events
GROUP BY session_id
