-- Grain: one row per user: the first purchase by event time, whatever arrived first.
-- Time, id and currency are in one text, so that MIN finds that purchase: ROW_NUMBER takes no STATE_TTL hint, and who is new
-- and who returns must never expire. Time and currency have one length each, so an id may hold any character.
-- As an order may be taken back when a better report of it comes, MIN keeps one text for each order of the user, for ever.
-- The inner GROUP BY, whose rows are of one purchase each, is for Flink 2.3: it takes the rows of another block of the plan for
-- rows that never change (FlinkRelMdModifiedMonotonicity), and a MIN of these is not taken back. It knows better
-- of a grouping by an aggregate; the plan must say MIN_RETRACT.
SELECT
  user_id,
  CAST(TO_TIMESTAMP_LTZ(CAST(SUBSTRING(first_purchase FROM 1 FOR 15) AS BIGINT), 3) AS DATE) AS `day`,
  RIGHT(first_purchase, 3) AS currency
FROM (
  SELECT /*+ STATE_TTL('purchases' = 'FOR_EVER') */
    user_id,
    MIN(purchase) AS first_purchase
  FROM (
    SELECT
      event_id,
      MAX(user_id) AS user_id,
      MAX(CONCAT_WS(U&'\001F', LPAD(CAST(event_time AS STRING), 15, '0'), event_id, currency)) AS purchase
    FROM orders
    WHERE event_type = 'purchase'
    GROUP BY event_id
  ) AS purchases
  GROUP BY user_id
)
