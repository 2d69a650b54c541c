-- Grain: one row per product.
-- available   not hidden, and in stock or of unknown stock
SELECT
  k.product_id,
  SUBSTRING(k.told_title FROM 49) AS title,
  SUBSTRING(k.told_category FROM 49) AS category,
  SUBSTRING(k.told_brand FROM 49) AS brand,
  CAST(SUBSTRING(k.told_priced FROM 52) AS DECIMAL(18, 4)) AS price,
  NULLIF(SUBSTRING(k.told_priced FROM 49 FOR 3), '   ') AS currency,
  s.stock,
  SUBSTRING(k.told_visibility FROM 49) AS visibility,
  COALESCE(SUBSTRING(k.told_visibility FROM 49), 'visible') <> 'hidden' AND COALESCE(s.stock, 1) > 0 AS available,
  TIMESTAMP '1970-01-01 00:00:00.000' + INTERVAL '0.001' SECOND(1, 3) * k.first_seen_ms AS first_seen
FROM known_products AS k
LEFT JOIN stocks AS s ON s.product_id = k.product_id
