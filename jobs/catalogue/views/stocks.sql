-- Grain: one row per product of which a level was ever told: the newest, and the changes behind it added up.
-- Changes without any level say nothing: nobody knows from where they count.
SELECT
  l.product_id,
  MAX(CAST(SUBSTRING(l.told FROM 48) AS BIGINT)) + COALESCE(SUM(c.quantity), 0) AS stock
FROM stock_levels AS l
LEFT JOIN stock_changes AS c
  ON c.product_id = l.product_id AND c.event_time > CAST(SUBSTRING(l.told FROM 1 FOR 15) AS BIGINT)
GROUP BY l.product_id
