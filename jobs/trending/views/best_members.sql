-- Grain: one row per list and product among its best hundred.
-- span   of a category's popular products empty for 30d, its longest
SELECT kind, span, category, product_id, score, newest
FROM (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY kind, span, category ORDER BY score DESC, product_id ASC) AS list_rank
  FROM (
    SELECT kind, span, '' AS category, product_id, score, newest
    FROM members
    UNION ALL
    SELECT kind, CASE span WHEN '30d' THEN '' ELSE span END, category, product_id, score, newest
    FROM members
    WHERE category <> ''
  )
)
WHERE list_rank <= 100
