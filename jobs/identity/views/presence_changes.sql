-- Grain: one row per presence and link or sign-out of its visitor that may decide whose it is; one without any where there is none.
-- before         the change, where it is at the presence or before it
-- linked_before  1 where that is a link
-- link           1 and the change, where it is a link at the presence or after it and of the same visit; 3 and the change, where it
--                is a link after it otherwise; so the least text is the link that decides
-- A change is packed, and behind it is 1 where it is of the same day. Without a session, a visit is 30 minutes (1,800,000 ms).
-- No link reaches further back than 30 days (2,592,000,000 ms), so a presence need not be kept for ever.
SELECT /*+ STATE_TTL('p' = 'PRESENCE_STATE_TTL', 'c' = 'FOR_EVER') */
  p.`day`,
  p.anonymous_id,
  p.session_id,
  p.event_time,
  CASE
    WHEN c.event_time <= p.event_time
      THEN CONCAT(c.packed, CASE CAST(TO_TIMESTAMP_LTZ(c.event_time, 3) AS DATE) WHEN p.`day` THEN '1' ELSE '0' END)
  END AS before,
  CASE WHEN c.event_time <= p.event_time AND c.user_id <> '' THEN 1 ELSE 0 END AS linked_before,
  CASE
    WHEN c.event_time >= p.event_time AND c.user_id <> ''
      THEN CONCAT(
        CASE
          WHEN c.session_id = p.session_id AND c.session_id <> '' THEN '1'
          WHEN c.session_id <> '' AND p.session_id <> '' THEN '3'
          WHEN c.event_time <= p.event_time + 1800000 THEN '1'
          ELSE '3'
        END,
        c.packed,
        CASE CAST(TO_TIMESTAMP_LTZ(c.event_time, 3) AS DATE) WHEN p.`day` THEN '1' ELSE '0' END
      )
  END AS link
FROM presences AS p
LEFT JOIN identity_changes AS c
  ON c.anonymous_id = p.anonymous_id AND c.event_time <= p.event_time + 2592000000
