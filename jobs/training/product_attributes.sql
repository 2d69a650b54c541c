-- Grain: one row per product and attribute with a reported value.
-- value       the latest reported one; of equally late ones the smallest
-- attribute   title, category, brand, description or price
SELECT product_id, attribute, `value`
FROM (
  SELECT
    product_id,
    attribute,
    `value`,
    ROW_NUMBER() OVER (PARTITION BY product_id, attribute ORDER BY event_time DESC, `value`) AS `rank`
  FROM reported_attributes
)
WHERE `rank` = 1
