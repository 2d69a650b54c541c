-- Grain: one row per view, click, wish or addition to a cart, and per product of an order that was kept.
-- is_visitor   whether the user is an anonymous visitor, for whom no list is published
-- kind         the event's type
-- event_time   epoch milliseconds
-- basket       the order id of a purchase, '' for other kinds
SELECT user_id, COALESCE(user_id = anonymous_id, FALSE) AS is_visitor, product_id, event_type AS kind, event_time, '' AS basket
FROM events
WHERE event_type IN ('view_item', 'select_item', 'add_to_wishlist', 'add_to_cart') AND product_id <> ''
UNION ALL
SELECT user_id, COALESCE(user_id = anonymous_id, FALSE), product_id, 'purchase', event_time, order_id
FROM kept_purchases
