-- Grain: one row per presence and link or sign-out of its visitor that may decide whose it is; one without any where there is none.
-- before      packed, where the change is at the presence or before it
-- in_visit    packed, where it is a link at the presence or after it, and of the same visit
-- afterwards  packed, where it is a link after the presence
-- No link reaches back further than 30 days (2,592,000,000 ms), so a presence need not be kept for ever. Without a session, a visit is 30 minutes.
SELECT /*+ STATE_TTL('p' = 'PRESENCE_STATE_TTL', 'c' = 'FOR_EVER') */
  p.`day`,
  p.anonymous_id,
  p.session_id,
  p.event_time,
  CASE WHEN c.event_time <= p.event_time THEN c.packed END AS before,
  CASE WHEN c.event_time <= p.event_time AND c.user_id <> '' THEN 1 ELSE 0 END AS linked_before,
  CASE
    WHEN
      c.user_id <> ''
      AND c.event_time >= p.event_time
      AND CASE
        WHEN c.session_id = '' OR p.session_id = '' THEN c.event_time <= p.event_time + 1800000
        ELSE c.session_id = p.session_id
      END
      THEN c.packed
  END AS in_visit,
  CASE WHEN c.user_id <> '' AND c.event_time > p.event_time THEN c.packed END AS afterwards
FROM presences AS p
LEFT JOIN identity_changes AS c
  ON c.anonymous_id = p.anonymous_id AND c.event_time <= p.event_time + 2592000000
