-- Grain: one row per event about a product, and per line of a purchase.
-- precedence   48 characters; of two observations of a field the greater one counts: by source, then time, then event.
--              Sources: 2 the shop itself; 1 what a page carries along; 0 a line of a purchase. Of the latter two all
--              observations of a day are equal, so that a product that is viewed all day is not written with each view.
-- created_at   when the shop created it, of product_created
-- priced       currency, three characters, and price
SELECT
  product_id,
  event_time,
  CASE WHEN event_type = 'product_created' THEN event_time END AS created_at,
  CASE
    WHEN event_type IN ('product_created', 'product_updated')
      THEN CONCAT('2', LPAD(CAST(event_time AS STRING), 15, '0'), MD5(event_id))
    ELSE CONCAT('1', LPAD(CAST(event_time / 86400000 AS STRING), 15, '0'), LPAD('', 32, '-'))
  END AS precedence,
  NULLIF(product_title, '') AS title,
  NULLIF(category, '') AS category,
  NULLIF(brand, '') AS brand,
  CASE WHEN price > 0 THEN CONCAT(COALESCE(currency, '   '), CAST(price AS STRING)) END AS priced,
  CASE WHEN event_type IN ('product_created', 'product_updated') THEN visibility END AS visibility
FROM events
WHERE product_id <> ''
UNION ALL
SELECT
  i.product_id,
  e.event_time,
  CAST(NULL AS BIGINT),
  CONCAT('0', LPAD(CAST(e.event_time / 86400000 AS STRING), 15, '0'), LPAD('', 32, '-')),
  CAST(NULL AS STRING),
  NULLIF(i.category, ''),
  CAST(NULL AS STRING),
  CASE WHEN i.price > 0 THEN CONCAT(COALESCE(e.currency, '   '), CAST(i.price AS STRING)) END,
  CAST(NULL AS STRING)
FROM events AS e
CROSS JOIN UNNEST(e.items) AS i (product_id, quantity, price, category)
WHERE e.event_type = 'purchase'
