-- Grain: one row per day of the shop on which a session started.
-- viewed ... purchased   sessions that came so far in the funnel, in order
-- converted              sessions with a purchase, in order or not
SELECT
  `day`,
  SUM(sessions) AS sessions,
  COUNT(*) AS visitors,
  SUM(viewed) AS viewed,
  SUM(carted) AS carted,
  SUM(checked_out) AS checked_out,
  SUM(paid) AS paid,
  SUM(purchased) AS purchased,
  SUM(converted) AS converted,
  SUM(carts) AS carts,
  SUM(abandoned_carts) AS abandoned_carts
FROM visitor_days
GROUP BY `day`
