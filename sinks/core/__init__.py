"""What every sink stands on: offset ranges of Kafka partitions, brought to a store exactly once."""
