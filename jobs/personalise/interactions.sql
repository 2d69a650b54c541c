-- Grain: one row per event of a user with a product, and per line of a purchase.
-- An event that is no purchase is made a purchase of one line here, so that one UNNEST does for all. A UNION would push
-- the function that reads this into both its branches, each with workers of its own, and spread a user's events over
-- them; and Flink 2.3 cannot plan a LEFT JOIN with an UNNEST of rows that are not null.
SELECT
  e.user_id,
  e.event_type AS kind,
  i.product_id,
  e.event_time
FROM (
  SELECT
    user_id,
    event_type,
    event_time,
    CASE
      WHEN event_type = 'purchase' THEN items
      ELSE ARRAY[CAST(ROW(COALESCE(product_id, ''), CAST(1 AS BIGINT), CAST(0 AS DECIMAL(18, 4)), CAST(NULL AS STRING))
        AS ROW<product_id STRING NOT NULL, quantity BIGINT NOT NULL, price DECIMAL(18, 4) NOT NULL, category STRING>)]
    END AS `lines`
  FROM events
  WHERE user_id <> ''
    AND event_type IN ('view_item', 'select_item', 'add_to_wishlist', 'add_to_cart', 'purchase')
) AS e
CROSS JOIN UNNEST(e.`lines`) AS i (product_id, quantity, price, category)
