-- Grain: one row per product of an order of which at least one unit was kept. Units returned under the order's id are
-- subtracted from it; unmatched returns are subtracted from the user's newest purchases of the product before them.
SELECT user_id, anonymous_id, order_id, product_id, event_time
FROM (
  SELECT
    b.user_id,
    b.anonymous_id,
    b.order_id,
    b.product_id,
    b.event_time,
    b.units - COALESCE(r.units, 0) AS units,
    CASE WHEN b.event_time <= u.returned_at THEN u.units ELSE 0 END AS unmatched_units,
    SUM(b.units - COALESCE(r.units, 0)) OVER (
      PARTITION BY b.user_id, b.product_id, CASE WHEN b.event_time <= u.returned_at THEN 1 ELSE 0 END
      ORDER BY b.event_time DESC, b.order_id DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS units_from_here
  FROM bought_units AS b
  LEFT JOIN (
    SELECT order_id, product_id, SUM(units) AS units FROM returned_units GROUP BY order_id, product_id
  ) AS r ON r.order_id = b.order_id AND r.product_id = b.product_id
  LEFT JOIN unmatched_returns AS u ON u.user_id = b.user_id AND u.product_id = b.product_id
)
WHERE units > 0 AND units_from_here > unmatched_units
