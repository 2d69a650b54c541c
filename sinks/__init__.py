"""Sinks: topics into stores, which are views of topics and can be thrown away and rebuilt.

- ``registered.py``  every sink there is, described
- ``core/``          what they share: offset ranges, prepared batches, the Kafka source, framing
- ``lists/``       demand and products ranked, into the topic of recommendation lists
- ``clickhouse/``    ``events`` and the result topics into ClickHouse, exactly once
- ``redis/``         products and lists into Redis, each batch with the offsets behind it
- ``lake/``          ``events`` into Parquet files by day
"""
