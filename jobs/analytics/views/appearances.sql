-- Grain: one row per day of the shop and user with an event of the user's own, and one per day, visitor and session with an
-- anonymous event by which a person may have been there who is not counted otherwise.
-- user_id   the person
SELECT `day`, user_id
FROM (
  SELECT
    `day`,
    user_id,
    ROW_NUMBER() OVER (PARTITION BY `day`, user_id ORDER BY processed_at ASC) AS occurrence
  FROM user_events
  WHERE NOT is_anonymous
)
WHERE occurrence = 1
UNION ALL
SELECT `day`, user_id
FROM presence_persons
WHERE rule <> '0'
