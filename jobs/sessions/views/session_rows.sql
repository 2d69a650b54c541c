-- Grain: one row per session.
-- day                                               the shop's day on which it started
-- user_id, entry_page, device, channel, country     those of its earliest event
-- currency, revenue                                 of its purchases; null without any, or where they are in several currencies
-- steps                                             how far it came in the funnel, in order: 1 view, 2 cart, 3 checkout, 4 payment, 5 purchase
-- Of each step the first behind the one before it is taken; possessive patterns never go back, so a path costs one pass.
SELECT
  session_id,
  CAST(TO_TIMESTAMP_LTZ(started_ms, 3) AS DATE) AS `day`,
  REPLACE(REPLACE(SPLIT_INDEX(opening, U&'\001F', 2), U&'\001E1', U&'\001F'), U&'\001E0', U&'\001E') AS user_id,
  TIMESTAMP '1970-01-01 00:00:00.000' + INTERVAL '0.001' SECOND(1, 3) * started_ms AS started_at,
  TIMESTAMP '1970-01-01 00:00:00.000' + INTERVAL '0.001' SECOND(1, 3) * ended_ms AS ended_at,
  events,
  page_views,
  NULLIF(REPLACE(REPLACE(SPLIT_INDEX(opening, U&'\001F', 3), U&'\001E1', U&'\001F'), U&'\001E0', U&'\001E'), '') AS entry_page,
  NULLIF(REPLACE(REPLACE(SPLIT_INDEX(opening, U&'\001F', 4), U&'\001E1', U&'\001F'), U&'\001E0', U&'\001E'), '') AS device,
  NULLIF(REPLACE(REPLACE(SPLIT_INDEX(opening, U&'\001F', 5), U&'\001E1', U&'\001F'), U&'\001E0', U&'\001E'), '') AS channel,
  NULLIF(REPLACE(REPLACE(SPLIT_INDEX(opening, U&'\001F', 6), U&'\001E1', U&'\001F'), U&'\001E0', U&'\001E'), '') AS country,
  cart_additions,
  purchases,
  CASE WHEN LEFT(ARRAY_MIN(currencies), 3) = LEFT(ARRAY_MAX(currencies), 3) THEN LEFT(ARRAY_MIN(currencies), 3) END AS currency,
  CASE WHEN LEFT(ARRAY_MIN(currencies), 3) = LEFT(ARRAY_MAX(currencies), 3) THEN revenue END AS revenue,
  CASE
    WHEN REGEXP(path, '^[^A]*+A[^B]*+B[^C]*+C[^D]*+D[^E]*+E') THEN 5
    WHEN REGEXP(path, '^[^A]*+A[^B]*+B[^C]*+C[^D]*+D') THEN 4
    WHEN REGEXP(path, '^[^A]*+A[^B]*+B[^C]*+C') THEN 3
    WHEN REGEXP(path, '^[^A]*+A[^B]*+B') THEN 2
    WHEN REGEXP(path, '^[^A]*+A') THEN 1
    ELSE 0
  END AS steps
FROM session_aggregates
