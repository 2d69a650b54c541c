-- Grain: one row per minute and user with an event in it.
SELECT minute_utc, user_id
FROM (
  SELECT
    minute_utc,
    user_id,
    ROW_NUMBER() OVER (PARTITION BY minute_utc, user_id ORDER BY processed_at ASC) AS occurrence
  FROM user_events
)
WHERE occurrence = 1
