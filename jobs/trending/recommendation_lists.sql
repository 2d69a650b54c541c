-- Grain: one row per list.
-- span   of popular the window; empty for the 30 days of a category
SELECT
  kind,
  span,
  category,
  TIMESTAMP '1970-01-01 00:00:00.000' + INTERVAL '0.001' SECOND(1, 3) * MAX(newest) AS generated_at,
  ARRAY_AGG(ROW(product_id, CAST(score AS DOUBLE))) AS items
FROM best_members
GROUP BY kind, span, category
