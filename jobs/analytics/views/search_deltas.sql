-- Grain: one row per search, and per click on what a search found.
-- query   what was searched for, in lower case without blanks at its ends
SELECT
  CAST(event_at AS DATE) AS `day`,
  LOWER(TRIM(search_query)) AS query,
  CASE WHEN event_type = 'search' THEN 1 ELSE 0 END AS searches,
  CASE WHEN event_type = 'search' AND search_results = 0 THEN 1 ELSE 0 END AS zero_results,
  CASE WHEN event_type = 'select_item' THEN 1 ELSE 0 END AS clicks
FROM events
WHERE event_type = 'search' OR (event_type = 'select_item' AND search_query IS NOT NULL)
