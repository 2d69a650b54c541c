-- Grain: one row per day of the shop, visitor and session with an anonymous event.
-- user_id   the person: the user whom a link says, or the visitor
-- rule      what decides: 1 a link in the visit, 2 the last link before, 3 the first link of all, 4 nothing, 5 nothing since a sign-out;
--           0 a link of the same day, so that the person is counted on it by an event of the user's own
-- decisive  the rule, the change that decides, U+001F, the person, and 1 where it is of the same day
SELECT
  `day`,
  anonymous_id,
  session_id,
  event_time,
  REGEXP_EXTRACT(decisive, U&'(?s)\001F(.*).$', 1) AS user_id,
  CASE RIGHT(decisive, 1) WHEN '1' THEN '0' ELSE LEFT(decisive, 1) END AS rule
FROM (
  SELECT
    `day`,
    anonymous_id,
    session_id,
    event_time,
    CASE
      WHEN LEFT(link, 1) = '1' THEN link
      WHEN SUBSTRING(before, 16, 1) = '0' THEN CONCAT('2', before)
      WHEN is_linked_before = 1 THEN CONCAT('5', U&'\001F', anonymous_id, '0')
      ELSE COALESCE(link, CONCAT('4', U&'\001F', anonymous_id, '0'))
    END AS decisive
  FROM (
    SELECT /*+ STATE_TTL('presence_changes' = 'PRESENCE_STATE_TTL') */
      `day`,
      anonymous_id,
      session_id,
      event_time,
      MAX(before) AS before,
      MAX(linked_before) AS is_linked_before,
      MIN(link) AS link
    FROM presence_changes
    GROUP BY `day`, anonymous_id, session_id, event_time
  )
)
