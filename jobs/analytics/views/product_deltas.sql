-- Grain: one row per view of a product, addition to a cart, and line of a purchase.
SELECT
  CAST(event_at AS DATE) AS `day`,
  product_id,
  CASE WHEN event_type = 'view_item' THEN 1 ELSE 0 END AS `views`,
  CASE WHEN event_type = 'add_to_cart' THEN 1 ELSE 0 END AS cart_additions,
  0 AS purchases
FROM events
WHERE event_type IN ('view_item', 'add_to_cart')
UNION ALL
SELECT `day`, product_id, 0, 0, 1
FROM order_lines
WHERE event_type = 'purchase'
