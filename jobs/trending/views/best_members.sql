-- Grain: one row per list and product among its best hundred.
-- span   of a category's popular products empty for 30d, its longest
SELECT kind, span, category, product_id, score, newest
FROM (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY kind, span, category ORDER BY score DESC, product_id ASC) AS list_rank
  FROM (
    SELECT m.kind, l.span, l.category, m.product_id, m.score, m.newest
    FROM members AS m
    CROSS JOIN UNNEST(ARRAY[
      ROW(m.span, '', 1),
      ROW(CASE m.span WHEN '30d' THEN '' ELSE m.span END, m.category, CASE WHEN m.category <> '' THEN 1 ELSE 0 END)
    ]) AS l (span, category, is_list)
    WHERE l.is_list = 1
  )
)
WHERE list_rank <= 100
