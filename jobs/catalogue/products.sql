-- Grain: one row per product. What stands in a column of known_products behind its precedence of 48 characters.
-- available   not hidden, and in stock or of unknown stock
SELECT
  k.product_id,
  SUBSTRING(k.best_title FROM 49) AS title,
  SUBSTRING(k.best_category FROM 49) AS category,
  SUBSTRING(k.best_brand FROM 49) AS brand,
  CAST(SUBSTRING(k.best_priced FROM 52) AS DECIMAL(18, 4)) AS price,
  NULLIF(SUBSTRING(k.best_priced FROM 49 FOR 3), '   ') AS currency,
  s.stock,
  SUBSTRING(k.best_visibility FROM 49) AS visibility,
  COALESCE(SUBSTRING(k.best_visibility FROM 49), 'visible') <> 'hidden' AND COALESCE(s.stock, 1) > 0 AS available,
  TIMESTAMP '1970-01-01 00:00:00.000' + INTERVAL '0.001' SECOND(1, 3) * k.first_seen_ms AS first_seen
FROM known_products AS k
LEFT JOIN stocks AS s ON s.product_id = k.product_id
