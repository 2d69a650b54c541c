-- Grain: one row per session.
-- currencies   those of its purchases, one for each: three letters and a mark
-- path         the steps of the funnel that it took, each behind its time, in the order of time; of its views only the
--              first, which is all that the funnel asks for: a bot views thousands of products
-- What was added of purchases stays but for what was taken back; session_orders says why.
SELECT
  session_id,
  opening,
  started_ms,
  ended_ms,
  events,
  page_views,
  cart_additions,
  purchases,
  ARRAY_EXCEPT(COALESCE(currencies_added, ARRAY[CAST('' AS STRING)]), COALESCE(currencies_removed, ARRAY[CAST('' AS STRING)])) AS currencies,
  revenue,
  ARRAY_JOIN(ARRAY_SORT(ARRAY_CONCAT(
    ARRAY[COALESCE(first_view, '')],
    COALESCE(steps, ARRAY[CAST('' AS STRING)]),
    ARRAY_EXCEPT(COALESCE(purchases_added, ARRAY[CAST('' AS STRING)]), COALESCE(purchases_removed, ARRAY[CAST('' AS STRING)]))
  )), '') AS path
FROM (
  SELECT
    session_id,
    MIN(opening) AS opening,
    MIN(event_time) AS started_ms,
    MAX(event_time) AS ended_ms,
    SUM(is_event) AS events,
    SUM(CASE WHEN event_type = 'page_view' THEN 1 ELSE 0 END) AS page_views,
    SUM(CASE WHEN event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_additions,
    SUM(sign) AS purchases,
    SUM(CASE WHEN sign <> 0 THEN sign * `value` END) AS revenue,
    ARRAY_AGG(currency) FILTER (WHERE sign = 1) AS currencies_added,
    ARRAY_AGG(currency) FILTER (WHERE sign = -1) AS currencies_removed,
    ARRAY_AGG(purchase_step) FILTER (WHERE sign = 1) AS purchases_added,
    ARRAY_AGG(purchase_step) FILTER (WHERE sign = -1) AS purchases_removed,
    ARRAY_AGG(timed_step) FILTER (WHERE timed_step IS NOT NULL) AS steps,
    MIN(timed_view) AS first_view
  FROM session_facts
  GROUP BY session_id
)
WHERE events > 0
