-- Grain: one row per accepted event: of the records with one event_id only the first that came.
SELECT
  CAST(event_key AS BYTES) AS record_key,
  COALESCE(rewritten, record_value) AS record_value
FROM (
  SELECT
    event_key,
    rewritten,
    record_value,
    ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY processed_at ASC) AS occurrence
  FROM checked_events
  WHERE reason IS NULL
)
WHERE occurrence = 1
