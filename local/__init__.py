"""The embedded platform: real Kafka, registry, Flink, ClickHouse engine and Redis on one machine, without Docker."""
