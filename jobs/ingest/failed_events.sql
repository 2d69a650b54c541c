-- Grain: one row per refused record, with its original bytes and why it was refused; of an erased user no bytes.
-- headers   Kafka Connect's dead-letter headers: schemas/failures.py names them
SELECT
  CASE WHEN reason <> 'erased_user' THEN record_key END AS record_key,
  CASE WHEN reason <> 'erased_user' THEN record_value END AS record_value,
  MAP[
    '__connect.errors.topic', CAST(`topic` AS BYTES),
    '__connect.errors.partition', CAST(CAST(`partition` AS STRING) AS BYTES),
    '__connect.errors.offset', CAST(CAST(`offset` AS STRING) AS BYTES),
    '__connect.errors.stage', CAST('ingest' AS BYTES),
    '__connect.errors.exception.class.name', CAST(reason AS BYTES),
    '__connect.errors.exception.message', CAST(message AS BYTES)
  ] AS `headers`
FROM checked_events
WHERE reason IS NOT NULL
