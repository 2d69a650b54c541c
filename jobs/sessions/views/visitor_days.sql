-- Grain: one row per day of the shop and user who started a session on it.
-- columns   those of funnel_daily, for the sessions of the user
SELECT
  `day`,
  user_id,
  COUNT(*) AS sessions,
  SUM(CASE WHEN steps >= 1 THEN 1 ELSE 0 END) AS viewed,
  SUM(CASE WHEN steps >= 2 THEN 1 ELSE 0 END) AS carted,
  SUM(CASE WHEN steps >= 3 THEN 1 ELSE 0 END) AS checked_out,
  SUM(CASE WHEN steps >= 4 THEN 1 ELSE 0 END) AS paid,
  SUM(CASE WHEN steps >= 5 THEN 1 ELSE 0 END) AS purchased,
  SUM(CASE WHEN purchases > 0 THEN 1 ELSE 0 END) AS converted,
  SUM(CASE WHEN cart_additions > 0 THEN 1 ELSE 0 END) AS carts,
  SUM(CASE WHEN cart_additions > 0 AND purchases = 0 THEN 1 ELSE 0 END) AS abandoned_carts
FROM session_rows
GROUP BY `day`, user_id
