-- Grain: one row per user: the first purchase by event time, whatever arrived first.
-- Time, id and currency are in one text, so that MIN finds that purchase: ROW_NUMBER takes no STATE_TTL hint, and who is new
-- and who returns must never expire. Time and currency have one length each, so an id may hold any character.
SELECT
  user_id,
  CAST(TO_TIMESTAMP_LTZ(CAST(SUBSTRING(first_purchase FROM 1 FOR 15) AS BIGINT), 3) AS DATE) AS `day`,
  RIGHT(first_purchase, 3) AS currency
FROM (
  SELECT /*+ STATE_TTL('orders' = 'FOR_EVER') */
    user_id,
    MIN(CONCAT_WS(U&'\001F', LPAD(CAST(event_time AS STRING), 15, '0'), event_id, currency)) AS first_purchase
  FROM orders
  WHERE event_type = 'purchase'
  GROUP BY user_id
)
