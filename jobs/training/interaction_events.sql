-- Grain: one row per view, click, wish, addition to a cart and removal from one; one per line of a purchase, a refund or a
-- cancellation; and one per refund or cancellation without lines. What of them counts is found in counting.py.
-- is_visitor   whether the user is an anonymous visitor, for whom no list is published
-- product_id   '' for a refund or a cancellation without lines, which is of the order as a whole
-- kind         the event's type
-- event_time   epoch milliseconds
-- order_id     '' for what is of no order
-- units        of the line
-- value        of the event; null for what is of no order
SELECT
  user_id,
  COALESCE(user_id = anonymous_id, FALSE) AS is_visitor,
  product_id,
  event_type AS kind,
  event_time,
  '' AS order_id,
  CAST(0 AS BIGINT) AS units,
  CAST(NULL AS DECIMAL(18, 4)) AS `value`
FROM events
WHERE event_type IN ('view_item', 'select_item', 'add_to_wishlist', 'add_to_cart', 'remove_from_cart') AND product_id <> ''
UNION ALL
SELECT e.user_id, COALESCE(e.user_id = e.anonymous_id, FALSE), i.product_id, e.event_type, e.event_time, e.order_id, i.quantity, e.`value`
FROM events AS e
CROSS JOIN UNNEST(e.items) AS i (product_id, quantity, price, category)
WHERE e.event_type IN ('purchase', 'refund', 'order_cancelled')
UNION ALL
SELECT user_id, COALESCE(user_id = anonymous_id, FALSE), '', event_type, event_time, order_id, CAST(0 AS BIGINT), `value`
FROM events
WHERE event_type IN ('refund', 'order_cancelled') AND CARDINALITY(items) = 0
