"""Topics into ClickHouse, each record exactly once; ``python -m sinks.clickhouse`` runs it.

A batch is a range of offsets of one partition. Three steps bring it over, and each may be repeated:

1. the range is *written down*: committed to the consumer group as metadata, at its first offset;
2. it is *inserted*, with the range as the insert's de-duplication token;
3. it is *finished*: the offset behind it is committed, without metadata.

Whoever takes over a partition, after a crash or a rebalance, finds the range that was written down, reads the same
records again and sends them with the same token: ClickHouse takes them if it has not taken them before. Only the
member that owns a partition can commit, so only a range that its owner wrote down is ever inserted.

The stages, in their order:

- ``source.py``      confluent-kafka: records, who owns which partition, and the ledger of offsets
- ``batches.py``     records of a partition gathered into batches; a range written down before is met exactly
- ``ranges.py``      ranges of offsets: token, metadata, and where reading begins
- ``delivery.py``    the three steps
- ``store.py``       a batch as inserts: rows as they came, tombstones as deleted rows
- ``client.py``      HTTP to ClickHouse
- ``sink.py``        the loop that drives them, and waits where a server is away
- ``metrics.py``     what it counts
"""
