-- Grain: one row per link, an event by which a visitor becomes a user, and per sign-out, by which the visitor becomes nobody.
-- session_id   empty where the event has none
-- user_id      empty for a sign-out
-- packed       time, 1 for a sign-out, id, U+001F, user: the least and the greatest text are the first and the last change, and a
--              link comes before a sign-out of its time; a U+001F of the id is written as U+001E
SELECT
  anonymous_id,
  event_time,
  session_id,
  user_id,
  CONCAT(
    LPAD(CAST(event_time AS STRING), 15, '0'),
    CASE user_id WHEN '' THEN '1' ELSE '0' END,
    REPLACE(event_id, U&'\001F', U&'\001E'),
    U&'\001F',
    user_id
  ) AS packed
FROM (
  SELECT
    event_id,
    event_time,
    anonymous_id,
    COALESCE(session_id, '') AS session_id,
    CASE event_type WHEN 'user_logout' THEN '' ELSE user_id END AS user_id
  FROM events
  WHERE
    anonymous_id <> ''
    AND (
      event_type = 'user_logout'
      OR (
        event_type IN ('user_identified', 'user_login', 'user_registered', 'purchase')
        AND user_id <> ''
        AND user_id <> anonymous_id
      )
    )
)
