-- Grain: one row per kind of list, span, product, and hour or day in which it had demand within the span.
-- A sliding window over hours (1d, trending) or days (7d, 30d): what leaves it is taken back when the clock moves on.
-- score   popular: orders. trending: interest, half of it gone after each half day; decimal, so that sums are exact
SELECT s.kind, s.span, d.product_id, s.score, d.newest_hour
FROM (
  SELECT
    p.product_id,
    p.grain,
    p.newest_hour,
    p.orders,
    CASE p.grain WHEN 'hour' THEN c.hour_number ELSE c.hour_number / 24 END - p.number AS age,
    p.interest * CAST(POWER(0.5, CAST(c.hour_number - p.newest_hour AS DOUBLE) / 12) AS DECIMAL(18, 12)) AS trend
  FROM demand_periods AS p
  JOIN clock AS c ON p.number > CASE p.grain WHEN 'hour' THEN c.hour_number - 72 ELSE c.hour_number / 24 - 30 END
) AS d
CROSS JOIN UNNEST(ARRAY[
  ROW('popular', '1d', CASE WHEN d.grain = 'hour' AND d.age < 24 THEN CAST(d.orders AS DECIMAL(38, 12)) ELSE 0 END),
  ROW('trending', '', CASE WHEN d.grain = 'hour' THEN CAST(d.trend AS DECIMAL(38, 12)) ELSE 0 END),
  ROW('popular', '7d', CASE WHEN d.grain = 'day' AND d.age < 7 THEN CAST(d.orders AS DECIMAL(38, 12)) ELSE 0 END),
  ROW('popular', '30d', CASE WHEN d.grain = 'day' THEN CAST(d.orders AS DECIMAL(38, 12)) ELSE 0 END)
]) AS s (kind, span, score)
WHERE s.score > 0
