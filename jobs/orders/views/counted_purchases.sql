-- Grain: one row per order: of the purchases that report it the one that counts, which is of the most trusted source, then the
-- earliest, then of the smallest event_id. Its state is kept as that of a period, so a report counts again after 30 days.
SELECT *
FROM (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY order_key ORDER BY source_rank, event_time, event_id) AS report_rank
  FROM events
  WHERE event_type = 'purchase'
)
WHERE report_rank = 1
