-- Grain: one row per day of the shop, visitor and session with an anonymous event.
-- session_id   empty for the events of the day that have none
-- event_time   of the first of them, by which all are judged
-- A ROW_NUMBER sends a row only where an earlier event comes; an aggregate whose state expires would send it with each event.
SELECT `day`, anonymous_id, session_id, event_time
FROM (
  SELECT
    `day`,
    anonymous_id,
    session_id,
    event_time,
    ROW_NUMBER() OVER (PARTITION BY `day`, anonymous_id, session_id ORDER BY event_time ASC) AS occurrence
  FROM (
    SELECT CAST(event_at AS DATE) AS `day`, anonymous_id, COALESCE(session_id, '') AS session_id, event_time
    FROM events
    WHERE anonymous_id <> '' AND user_id = anonymous_id
  )
)
WHERE occurrence = 1
