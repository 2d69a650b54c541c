-- Grain: one row per view, click or wish, per addition to a cart that was not taken out since, and per product of an order
-- that was kept.
-- is_visitor   whether the user is an anonymous visitor, for whom no list is published
-- kind         the event's type
-- event_time   epoch milliseconds
-- basket       the order id of a purchase, '' for other kinds
SELECT e.user_id, COALESCE(e.user_id = e.anonymous_id, FALSE) AS is_visitor, e.product_id, e.event_type AS kind, e.event_time, '' AS basket
FROM events AS e
LEFT JOIN cart_removals AS r
  ON r.user_id = e.user_id AND r.product_id = e.product_id AND e.event_type = 'add_to_cart' AND r.removed_at >= e.event_time
WHERE e.event_type IN ('view_item', 'select_item', 'add_to_wishlist', 'add_to_cart') AND e.product_id <> '' AND r.user_id IS NULL
UNION ALL
SELECT user_id, is_visitor = 1, product_id, 'purchase', bought_at, order_id
FROM kept_purchases
