-- Grain: one row an event: those that Kafka no longer holds come from the lake, the others from Kafka; none is in both.
SELECT * FROM lake_events
UNION ALL
SELECT * FROM kafka_events
