-- Grain: one row per user, and one per anonymous visitor.
-- first_time   of the first event, by event time; null for a visitor of whom there are links alone
-- first_link   of a visitor: when the visitor first became a user
SELECT /*+ STATE_TTL('firsts' = 'FOR_EVER') */
  user_id,
  is_anonymous,
  MIN(event_time) AS first_time,
  MIN(linked_at) AS first_link
FROM (
  SELECT user_id, is_anonymous, event_time, CAST(NULL AS BIGINT) AS linked_at
  FROM user_events
  UNION ALL
  SELECT anonymous_id, TRUE, CAST(NULL AS BIGINT), event_time
  FROM identity_changes
  WHERE user_id <> ''
) AS firsts
GROUP BY user_id, is_anonymous
