-- Grain: one row per purchase or line of one, and dimension: what it adds to a member of the dimension.
-- An order has one country and one channel, so its value counts there; its lines have each their category.
SELECT `day`, currency, d.dimension, d.`member`, 1 AS orders, CAST(0 AS BIGINT) AS units, `value` AS revenue
FROM orders
CROSS JOIN UNNEST(ARRAY[ROW('country', country), ROW('channel', channel)]) AS d (dimension, `member`)
WHERE event_type = 'purchase'
UNION ALL
SELECT `day`, currency, d.dimension, d.`member`, d.orders, quantity, d.price * quantity
FROM order_lines
CROSS JOIN UNNEST(ARRAY[
  ROW('country', country, 0, CAST(0 AS DECIMAL(18, 4))),
  ROW('channel', channel, 0, CAST(0 AS DECIMAL(18, 4))),
  ROW('category', category, 1, price)
]) AS d (dimension, `member`, orders, price)
WHERE event_type = 'purchase'
