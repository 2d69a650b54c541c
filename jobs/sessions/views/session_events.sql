-- Grain: one row per event that carries a session.
-- timed_view   time and the letter A, of one length; null for other events than views
-- timed_step   the same for the steps behind it: B cart, C checkout, D payment, E purchase; sorting both sorts by time,
--              and equal times in the funnel's order
-- opening      time, id and what a session takes from its earliest event, in one text, so that MIN finds that event: a
--              ROW_NUMBER joined to the aggregates would keep each session three times; U+001F between its fields, which is
--              written as U+001E 1 where a field holds it, and U+001E as U+001E 0
SELECT
  session_id,
  event_type,
  event_time,
  user_id,
  currency,
  `value`,
  CASE event_type
    WHEN 'add_to_cart' THEN CONCAT(LPAD(CAST(event_time AS STRING), 15, '0'), 'B')
    WHEN 'begin_checkout' THEN CONCAT(LPAD(CAST(event_time AS STRING), 15, '0'), 'C')
    WHEN 'payment_initiated' THEN CONCAT(LPAD(CAST(event_time AS STRING), 15, '0'), 'D')
    WHEN 'purchase' THEN CONCAT(LPAD(CAST(event_time AS STRING), 15, '0'), 'E')
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
  ) AS opening
FROM events
WHERE session_id <> ''
