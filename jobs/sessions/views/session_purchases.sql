-- Grain: one row per purchase: what is known of its order from then on, and what was known before.
-- seated    the report of the order that says in which session it was bought: the best of those that have one; null for none
-- counted   the report that counts, whether or not it has a session: a browser knows the visit, a back end what was booked
-- former_seated, former_counted   the same as the purchase before it left them; null for the first one
-- Each report is one text whose order is that of the rule: rank of the source, time, id, whose bytes as digits keep its order
-- and have no blank. What is wanted of it stands behind a blank.
SELECT
  seated,
  counted,
  LAG(seated) OVER (PARTITION BY order_key ORDER BY processed_at) AS former_seated,
  LAG(counted) OVER (PARTITION BY order_key ORDER BY processed_at) AS former_counted
FROM (
  SELECT
    order_key,
    processed_at,
    MIN(CASE WHEN session_id <> '' THEN CONCAT(precedence, ' ', session_id) END) OVER reports_so_far AS seated,
    MIN(CONCAT(precedence, ' ', currency, CAST(`value` AS STRING))) OVER reports_so_far AS counted
  FROM (
    SELECT
      order_key,
      session_id,
      currency,
      `value`,
      processed_at,
      CONCAT(LPAD(CAST(source_rank AS STRING), 3, '0'), LPAD(CAST(event_time AS STRING), 15, '0'), HEX(event_id)) AS precedence
    FROM events
    WHERE event_type = 'purchase'
  )
  WINDOW reports_so_far AS (PARTITION BY order_key ORDER BY processed_at)
)
