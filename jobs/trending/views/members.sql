-- Grain: one row per kind of list, span and available product that belongs into it.
-- score of newest   when the shop got it
-- No product_id is empty: Flink 2.3 fails to plan a condition that is a column alone, shared by two readers of a topic.
SELECT s.kind, s.span, COALESCE(p.category, '') AS category, s.product_id, s.score, s.newest
FROM (
  SELECT kind, span, product_id, SUM(score) AS score, 3600000 * MAX(newest_hour) AS newest
  FROM scores
  GROUP BY kind, span, product_id
) AS s
JOIN products AS p ON p.product_id = s.product_id
WHERE p.available AND p.product_id <> ''
UNION ALL
SELECT
  'newest',
  '',
  COALESCE(category, ''),
  product_id,
  CAST(TIMESTAMPDIFF(SECOND, TIMESTAMP '1970-01-01 00:00:00.000', first_seen) AS DECIMAL(38, 12)),
  1000 * CAST(TIMESTAMPDIFF(SECOND, TIMESTAMP '1970-01-01 00:00:00.000', first_seen) AS BIGINT)
FROM products
WHERE available AND product_id <> ''
