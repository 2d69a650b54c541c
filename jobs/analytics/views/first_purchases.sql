-- Grain: one row per user: the first purchase by event time, whatever arrived first.
-- Its state lives as long as the user: who is new and who returns never expires. ROW_NUMBER takes no STATE_TTL hint, so
-- this is why the job has no expiry that holds for all its queries.
SELECT
  user_id,
  `day`,
  currency
FROM (
  SELECT
    user_id,
    `day`,
    currency,
    ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY event_time ASC, event_id ASC) AS purchase_rank
  FROM orders
  WHERE event_type = 'purchase'
)
WHERE purchase_rank = 1
