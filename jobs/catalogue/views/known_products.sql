-- Grain: one row per product: of each field the statement that counts, behind its 48 characters of `told`.
-- Its state lives as long as the product.
SELECT
  product_id,
  COALESCE(MIN(created_at), MIN(event_time)) AS first_seen_ms,
  MAX(CONCAT(told, title)) AS told_title,
  MAX(CONCAT(told, category)) AS told_category,
  MAX(CONCAT(told, brand)) AS told_brand,
  MAX(CONCAT(told, priced)) AS told_priced,
  MAX(CONCAT(told, visibility)) AS told_visibility
FROM product_statements
GROUP BY product_id
