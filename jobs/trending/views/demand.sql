-- Grain: one row per interaction with a product: a view, a wish, an addition to a cart, a line of a purchase.
-- interest   how much it says of the demand, in views
SELECT
  product_id,
  event_time,
  CASE event_type WHEN 'add_to_cart' THEN 4 WHEN 'add_to_wishlist' THEN 3 ELSE 1 END AS interest,
  0 AS orders
FROM events
WHERE event_type IN ('view_item', 'select_item', 'add_to_wishlist', 'add_to_cart') AND product_id <> ''
UNION ALL
SELECT i.product_id, e.event_time, 10, 1
FROM events AS e
CROSS JOIN UNNEST(e.items) AS i (product_id, quantity, price, category)
WHERE e.event_type = 'purchase'
