-- Grain: one row per kind of list, span, product, and hour or day in which it had demand within the span.
-- A sliding window over hours (1d, trending) or days: what leaves it is taken back when the clock moves on.
-- score   popular: orders. trending: interest, half of it gone after each half day; decimal, so that sums are exact
SELECT 'popular' AS kind, '1d' AS span, h.product_id, CAST(h.orders AS DECIMAL(38, 12)) AS score, h.newest
FROM demand_hours AS h
JOIN clock AS c ON h.hour_number > c.hour_number - 24
WHERE h.orders > 0
UNION ALL
SELECT 'trending', '', h.product_id,
  CAST(h.interest * CAST(POWER(0.5, CAST(c.hour_number - h.hour_number AS DOUBLE) / 12) AS DECIMAL(18, 12)) AS DECIMAL(38, 12)),
  h.newest
FROM demand_hours AS h
JOIN clock AS c ON h.hour_number > c.hour_number - 72
UNION ALL
SELECT 'popular', '7d', d.product_id, CAST(d.orders AS DECIMAL(38, 12)), d.newest
FROM demand_days AS d
JOIN clock AS c ON d.day_number > c.hour_number / 24 - 7
UNION ALL
SELECT 'popular', '30d', d.product_id, CAST(d.orders AS DECIMAL(38, 12)), d.newest
FROM demand_days AS d
JOIN clock AS c ON d.day_number > c.hour_number / 24 - 30
