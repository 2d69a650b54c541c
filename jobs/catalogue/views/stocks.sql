-- Grain: one row per product of which a level was ever observed: the newest, and the changes after it added up.
-- Changes without any level add up to nothing: nobody knows from where they count.
SELECT
  l.product_id,
  MAX(l.stock) + COALESCE(SUM(c.quantity), 0) AS stock
FROM stock_levels AS l
LEFT JOIN stock_changes AS c
  ON c.product_id = l.product_id AND c.event_time > l.event_time
GROUP BY l.product_id
