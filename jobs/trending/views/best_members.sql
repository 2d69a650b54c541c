-- Grain: one row per list and product among its best hundred; a list of a category is of the span without a name.
SELECT kind, span, category, product_id, score, newest
FROM (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY kind, span, category ORDER BY score DESC, product_id ASC) AS list_rank
  FROM (
    SELECT kind, span, '' AS category, product_id, score, newest
    FROM members
    UNION ALL
    SELECT kind, '', category, product_id, score, newest
    FROM members
    WHERE category <> '' AND span IN ('', '30d')
  )
)
WHERE list_rank <= 100
