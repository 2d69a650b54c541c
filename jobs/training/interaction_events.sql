-- Grain: one row per view, click, wish, addition to a cart and removal from one; one per line of a purchase, a refund or a
-- cancellation; and one per refund or cancellation without lines. What of them counts is found in counting.py.
-- is_visitor   whether the user is an anonymous visitor, for whom no list is published
-- product_id   '' for a refund or a cancellation without lines, which is of the order as a whole
-- kind         the event's type
-- event_time   epoch milliseconds
-- order_id     '' for what is of no order
-- units        of the line; 0 where there is none
-- value        of the event; null for what is of no order
-- An event without lines is given one here, so that rows go from the source to the file in one chain: behind a UNION each
-- would be written to disk and read again first.
SELECT e.user_id, e.is_visitor, i.product_id, e.kind, e.event_time, e.order_id, i.quantity AS units, e.`value`
FROM (
  SELECT
    user_id,
    COALESCE(user_id = anonymous_id, FALSE) AS is_visitor,
    event_type AS kind,
    event_time,
    CASE WHEN event_type IN ('purchase', 'refund', 'order_cancelled') THEN COALESCE(order_id, '') ELSE '' END AS order_id,
    CASE WHEN event_type IN ('purchase', 'refund', 'order_cancelled') THEN `value` END AS `value`,
    CASE
      WHEN event_type IN ('purchase', 'refund', 'order_cancelled') AND CARDINALITY(items) > 0 THEN items
      ELSE ARRAY[CAST(ROW(
        CASE WHEN event_type IN ('purchase', 'refund', 'order_cancelled') THEN '' ELSE COALESCE(product_id, '') END,
        CAST(0 AS BIGINT),
        CAST(0 AS DECIMAL(18, 4)),
        CAST(NULL AS STRING)
      ) AS ROW<product_id STRING NOT NULL, quantity BIGINT NOT NULL, price DECIMAL(18, 4) NOT NULL, category STRING>)]
    END AS `lines`
  FROM events
  WHERE event_type IN (
    'view_item', 'select_item', 'add_to_wishlist', 'add_to_cart', 'remove_from_cart', 'purchase', 'refund', 'order_cancelled'
  )
) AS e
CROSS JOIN UNNEST(e.`lines`) AS i (product_id, quantity, price, category)
WHERE i.product_id <> '' OR e.kind IN ('refund', 'order_cancelled')
