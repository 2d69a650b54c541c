-- Grain: one row per product: of each field the greatest precedence that was observed, 48 characters, and its value.
-- Flink's MAX takes no ROW, and a ROW_NUMBER for each field would keep and send each product five times: so precedence and
-- value are one text here, which products.sql cuts. Its state lives as long as the product.
SELECT
  product_id,
  COALESCE(MIN(created_at), MIN(event_time)) AS first_seen_ms,
  MAX(CONCAT(precedence, title)) AS best_title,
  MAX(CONCAT(precedence, category)) AS best_category,
  MAX(CONCAT(precedence, brand)) AS best_brand,
  MAX(CONCAT(precedence, priced)) AS best_priced,
  MAX(CONCAT(precedence, visibility)) AS best_visibility
FROM product_observations
GROUP BY product_id
