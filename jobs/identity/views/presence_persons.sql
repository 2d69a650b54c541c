-- Grain: one row per day of the shop, visitor and session with an anonymous event.
-- user_id         the person: the user whom a link says, or the visitor
-- counts          whether the person may be missed on this day without it; not where the link is of the same day, and so an event of the user
-- was_seen_first  whether the person may have been seen first on this day by it; not where the visitor had become that user before, nor where
--                 no link ever said anything, as then the visitor's first event says it (first_events)
-- decisive        packed, of the link that decides; null where none does
SELECT
  `day`,
  anonymous_id,
  session_id,
  event_time,
  user_id,
  counts,
  counts
  AND (is_linked_before = 1 OR decisive IS NOT NULL)
  AND user_id <> COALESCE(
    SUBSTRING(before, CHAR_LENGTH(before) - 9 - CAST(RIGHT(before, 10) AS INT), CAST(RIGHT(before, 10) AS INT)),
    ''
  ) AS was_seen_first
FROM (
  SELECT
    `day`,
    anonymous_id,
    session_id,
    event_time,
    is_linked_before,
    before,
    decisive,
    COALESCE(
      SUBSTRING(decisive, CHAR_LENGTH(decisive) - 9 - CAST(RIGHT(decisive, 10) AS INT), CAST(RIGHT(decisive, 10) AS INT)),
      anonymous_id
    ) AS user_id,
    decisive IS NULL
    OR CAST(TO_TIMESTAMP_LTZ(CAST(SUBSTRING(decisive, 1, 15) AS BIGINT), 3) AS DATE) <> `day` AS counts
  FROM (
    SELECT
      `day`,
      anonymous_id,
      session_id,
      event_time,
      is_linked_before,
      before,
      COALESCE(
        in_visit,
        CASE SUBSTRING(before, 16, 1) WHEN '0' THEN before END,
        CASE is_linked_before WHEN 0 THEN afterwards END
      ) AS decisive
    FROM (
      SELECT /*+ STATE_TTL('presence_changes' = 'PRESENCE_STATE_TTL') */
        `day`,
        anonymous_id,
        session_id,
        event_time,
        MAX(linked_before) AS is_linked_before,
        MAX(before) AS before,
        MIN(in_visit) AS in_visit,
        MIN(afterwards) AS afterwards
      FROM presence_changes
      GROUP BY `day`, anonymous_id, session_id, event_time
    )
  )
)
