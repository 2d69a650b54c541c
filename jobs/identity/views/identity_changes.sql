-- Grain: one row per link, an event by which a visitor becomes a user, and per sign-out, by which the visitor becomes nobody.
-- session_id   empty where the event has none
-- user_id      empty for a sign-out
-- packed       time, sign-out or not, id, user and length of the user in one text: the least and the greatest are the first and the last
--              change, and a link comes before a sign-out of its time; the user is read from behind, so an id may hold any character
SELECT
  anonymous_id,
  event_time,
  session_id,
  user_id,
  CONCAT(
    LPAD(CAST(event_time AS STRING), 15, '0'),
    CASE user_id WHEN '' THEN '1' ELSE '0' END,
    event_id,
    U&'\001F',
    user_id,
    LPAD(CAST(CHAR_LENGTH(user_id) AS STRING), 10, '0')
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
