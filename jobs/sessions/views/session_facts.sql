-- Grain: one row per event that carries a session, and per order that is added to a session or taken back from it.
-- is_event         1 for an event, 0 for an order
-- timed_view       time and the letter A, of one length; null for other events than views
-- timed_step       the same for the steps behind it: B cart, C checkout, D payment; sorting both, and orders as E, sorts by
--                  time, and equal times in the funnel's order
-- opening          time, id and what a session takes from its earliest event, in one text, so that MIN finds that event: a
--                  ROW_NUMBER joined to the aggregates would keep each session three times; U+001F between its fields, which is
--                  written as U+001E 1 where a field holds it, and U+001E as U+001E 0
-- sign, purchase_step, currency, value   of an order: see session_orders; 0 and null for an event
SELECT
  session_id,
  event_type,
  event_time,
  1 AS is_event,
  CASE event_type
    WHEN 'add_to_cart' THEN CONCAT(LPAD(CAST(event_time AS STRING), 15, '0'), 'B')
    WHEN 'begin_checkout' THEN CONCAT(LPAD(CAST(event_time AS STRING), 15, '0'), 'C')
    WHEN 'payment_initiated' THEN CONCAT(LPAD(CAST(event_time AS STRING), 15, '0'), 'D')
  END AS timed_step,
  CASE WHEN event_type = 'view_item' THEN CONCAT(LPAD(CAST(event_time AS STRING), 15, '0'), 'A') END AS timed_view,
  CONCAT_WS(
    U&'\001F',
    LPAD(CAST(event_time AS STRING), 15, '0'),
    REPLACE(REPLACE(event_id, U&'\001E', U&'\001E0'), U&'\001F', U&'\001E1'),
    REPLACE(REPLACE(user_id, U&'\001E', U&'\001E0'), U&'\001F', U&'\001E1'),
    REPLACE(REPLACE(COALESCE(page_url, ''), U&'\001E', U&'\001E0'), U&'\001F', U&'\001E1'),
    REPLACE(REPLACE(COALESCE(device, ''), U&'\001E', U&'\001E0'), U&'\001F', U&'\001E1'),
    REPLACE(REPLACE(COALESCE(channel, ''), U&'\001E', U&'\001E0'), U&'\001F', U&'\001E1'),
    REPLACE(REPLACE(COALESCE(country, ''), U&'\001E', U&'\001E0'), U&'\001F', U&'\001E1')
  ) AS opening,
  0 AS sign,
  CAST(NULL AS STRING) AS purchase_step,
  CAST(NULL AS STRING) AS currency,
  CAST(NULL AS DECIMAL(18, 4)) AS `value`
FROM events
WHERE session_id <> ''
UNION ALL
SELECT
  session_id,
  CAST(NULL AS STRING),
  CAST(NULL AS BIGINT),
  0,
  CAST(NULL AS STRING),
  CAST(NULL AS STRING),
  CAST(NULL AS STRING),
  sign,
  step,
  currency,
  `value`
FROM session_orders
