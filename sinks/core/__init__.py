"""What every sink stands on: offset ranges of Kafka partitions, brought to a store exactly once.

A batch is a range of offsets of one partition. Three steps bring it over, and each may be repeated:

1. the range is *prepared*: committed to the consumer group as metadata, at its first offset;
2. it is *inserted*, under a name that follows from the range alone: a de-duplication token, the names of files;
3. it is *committed*: the offset behind it, without metadata.

Whoever takes over a partition, after a crash or a rebalance, meets the prepared range, reads the same records again and
inserts them under the same name, which changes nothing where they are in already. Only the member that owns a partition
can commit, so only a range that its owner prepared is ever inserted.

The stages, in their order:

- ``description.py``  what there is to know of a sink without running it
- ``source.py``       confluent-kafka: records, who owns which partition, and the committed offsets
- ``reader.py``       confluent-kafka without a group: every record from given offsets on
- ``starting.py``     where reading begins
- ``batches.py``      records of a partition gathered into batches; a range prepared before is met exactly
- ``framing.py``      framed Avro decoded
- ``delivery.py``     the three steps
- ``sink.py``         the loop that drives them, and waits where a server is away
- ``metrics.py``      what it counts
- ``process.py``      a sink as a process of its own
"""
