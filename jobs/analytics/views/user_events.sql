-- Grain: one row per event of a user, signed in or anonymous; events of the catalogue and the stock have none.
-- is_anonymous   of a visitor who is not signed in: whose it is, links decide
SELECT
  event_type,
  event_time,
  user_id,
  COALESCE(user_id = anonymous_id, FALSE) AS is_anonymous,
  processed_at,
  CAST(event_at AS DATE) AS `day`,
  TIMESTAMPADD(MINUTE, CAST(event_time / 60000 AS INT), TIMESTAMP '1970-01-01 00:00:00.000') AS minute_utc
FROM events
WHERE user_id <> ''
