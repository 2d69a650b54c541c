-- Grain: one row an event, all of them in Kafka.
SELECT * FROM kafka_events
