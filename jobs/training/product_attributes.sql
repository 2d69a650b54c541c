-- Grain: one row per product and attribute of it that somebody told: the newest; of equally new ones the smallest.
-- attribute   title, category, brand, description or price
SELECT product_id, attribute, `value`
FROM (
  SELECT
    product_id,
    attribute,
    `value`,
    ROW_NUMBER() OVER (PARTITION BY product_id, attribute ORDER BY event_time DESC, `value`) AS nth
  FROM told_attributes
)
WHERE nth = 1
