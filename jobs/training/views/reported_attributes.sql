-- Grain: one row per product, attribute and value that some event reports of its product, and one per those that lines of
-- purchases report.
-- event_time   when it was last reported
-- Each of the two is aggregated by itself, next to the source: a UNION in front would carry every line to another task.
SELECT e.product_id, a.attribute, a.`value`, MAX(e.event_time) AS event_time
FROM events AS e
CROSS JOIN UNNEST(ARRAY[
  ROW('title', product_title),
  ROW('category', category),
  ROW('brand', brand),
  ROW('description', product_description),
  ROW('price', CAST(price AS STRING))
]) AS a (attribute, `value`)
WHERE e.product_id <> '' AND a.`value` <> ''
GROUP BY e.product_id, a.attribute, a.`value`
UNION ALL
SELECT i.product_id, a.attribute, a.`value`, MAX(e.event_time)
FROM events AS e
CROSS JOIN UNNEST(e.items) AS i (product_id, quantity, price, category)
CROSS JOIN UNNEST(ARRAY[ROW('category', i.category), ROW('price', CAST(i.price AS STRING))]) AS a (attribute, `value`)
WHERE e.event_type = 'purchase' AND a.`value` <> ''
GROUP BY i.product_id, a.attribute, a.`value`
