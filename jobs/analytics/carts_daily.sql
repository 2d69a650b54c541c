-- Grain: one row per day of the shop on which something was put into a cart or taken out of one.
SELECT
  CAST(event_at AS DATE) AS `day`,
  SUM(CASE WHEN event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS additions,
  SUM(CASE WHEN event_type = 'remove_from_cart' THEN 1 ELSE 0 END) AS removals,
  SUM(CASE WHEN event_type = 'add_to_cart' THEN quantity ELSE 0 END) AS units_added,
  SUM(CASE WHEN event_type = 'remove_from_cart' THEN quantity ELSE 0 END) AS units_removed
FROM events
WHERE event_type IN ('add_to_cart', 'remove_from_cart')
GROUP BY CAST(event_at AS DATE)
