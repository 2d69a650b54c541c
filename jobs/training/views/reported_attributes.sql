-- Grain: one row per product, attribute and value that some event reports.
-- event_time   when it was last reported
SELECT product_id, attribute, `value`, MAX(event_time) AS event_time
FROM (
  SELECT e.event_time, e.product_id, a.attribute, a.`value`
  FROM events AS e
  CROSS JOIN UNNEST(ARRAY[
    ROW('title', product_title),
    ROW('category', category),
    ROW('brand', brand),
    ROW('description', product_description),
    ROW('price', CAST(price AS STRING))
  ]) AS a (attribute, `value`)
  WHERE e.product_id <> ''
  UNION ALL
  SELECT e.event_time, i.product_id, a.attribute, a.`value`
  FROM events AS e
  CROSS JOIN UNNEST(e.items) AS i (product_id, quantity, price, category)
  CROSS JOIN UNNEST(ARRAY[ROW('category', i.category), ROW('price', CAST(i.price AS STRING))]) AS a (attribute, `value`)
  WHERE e.event_type = 'purchase'
)
WHERE `value` <> ''
GROUP BY product_id, attribute, `value`
