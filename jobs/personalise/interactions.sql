-- Grain: one row per event of a history, and per line of one that has lines; and one row per event that only says who a
-- visitor is. docs/recommendations.md says what they do.
-- product_id    '' for a refund or a cancellation of an order as a whole, and for an event without a product
-- units         of the line
-- amount        value of the event, as text; '' where it has none
-- line_number   of the line in the event
-- visitor_id    of an anonymous event, a link or a sign-out; '' for any other, whose user is who it names
-- session_id    of the same events; '' for none
-- An event without lines is given one here, so that one UNNEST does for all. A UNION would push the function that reads
-- this into both its branches, each with workers of its own, and spread a user's events over them; and Flink 2.3 cannot
-- plan a LEFT JOIN with an UNNEST of rows that are not null.
SELECT
  e.user_id,
  e.event_type AS kind,
  i.product_id,
  e.event_time,
  e.order_id,
  i.quantity AS units,
  e.amount,
  e.event_id,
  i.line_number,
  e.visitor_id,
  CASE WHEN e.visitor_id <> '' THEN e.session_id ELSE '' END AS session_id
FROM (
  SELECT
    event_id,
    user_id,
    event_type,
    event_time,
    COALESCE(order_id, '') AS order_id,
    CASE
      WHEN anonymous_id = user_id OR event_type IN ('user_identified', 'user_login', 'user_registered', 'user_logout', 'purchase')
        THEN COALESCE(anonymous_id, '')
      ELSE ''
    END AS visitor_id,
    COALESCE(session_id, '') AS session_id,
    COALESCE(CAST(`value` AS STRING), '') AS amount,
    CASE
      WHEN event_type IN ('purchase', 'refund', 'order_cancelled') AND CARDINALITY(items) > 0 THEN items
      ELSE ARRAY[CAST(ROW(
        CASE WHEN event_type IN ('refund', 'order_cancelled') THEN '' ELSE COALESCE(product_id, '') END,
        CAST(1 AS BIGINT),
        CAST(0 AS DECIMAL(18, 4)),
        CAST(NULL AS STRING)
      ) AS ROW<product_id STRING NOT NULL, quantity BIGINT NOT NULL, price DECIMAL(18, 4) NOT NULL, category STRING>)]
    END AS `lines`
  FROM events
  WHERE user_id <> ''
    AND (
      event_type IN (
        'view_item', 'select_item', 'add_to_wishlist', 'add_to_cart', 'purchase', 'remove_from_cart', 'refund', 'order_cancelled'
      )
      OR (event_type IN ('user_identified', 'user_login', 'user_registered', 'user_logout') AND anonymous_id <> '')
    )
) AS e
CROSS JOIN UNNEST(e.`lines`) WITH ORDINALITY AS i (product_id, quantity, price, category, line_number)
