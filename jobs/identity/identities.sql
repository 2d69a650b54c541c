-- Grain: one row per day of the shop, visitor, session and user whom the visitor became in it; without a user where the visitor signed out.
SELECT
  CAST(TO_TIMESTAMP_LTZ(event_time, 3) AS DATE) AS `day`,
  anonymous_id,
  session_id,
  user_id,
  TIMESTAMP '1970-01-01 00:00:00.000' + INTERVAL '0.001' SECOND(1, 3) * MIN(event_time) AS first_at,
  TIMESTAMP '1970-01-01 00:00:00.000' + INTERVAL '0.001' SECOND(1, 3) * MAX(event_time) AS last_at,
  COUNT(*) AS events
FROM identity_changes
GROUP BY CAST(TO_TIMESTAMP_LTZ(event_time, 3) AS DATE), anonymous_id, session_id, user_id
