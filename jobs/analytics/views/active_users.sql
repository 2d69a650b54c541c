-- Grain: one row per day of the shop and user with an event on it.
SELECT `day`, user_id
FROM (
  SELECT
    `day`,
    user_id,
    ROW_NUMBER() OVER (PARTITION BY `day`, user_id ORDER BY processed_at ASC) AS occurrence
  FROM user_events
)
WHERE occurrence = 1
