"""A consumer as one writes it by hand: confluent-kafka in batches, fastavro, dictionaries."""

from __future__ import annotations

import sys

from confluent_kafka import Consumer, TopicPartition

from bench.pipeline.peers.daily import Daily
from bench.pipeline.peers.decoding import Decoder
from bench.pipeline.peers.protocol import Marks, task


def main() -> None:
    given = task()
    daily, decoder = Daily(), Decoder(given.registry)
    marks = Marks(given, daily.tables)
    consumer = Consumer(
        {
            "bootstrap.servers": given.servers,
            "group.id": "bench-by-hand",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    consumer.assign([TopicPartition(given.topic, number, -2) for number in range(given.partitions)])
    add, decode = daily.add, decoder.decode
    while True:
        messages = consumer.consume(1_000, 0.05)
        for message in messages:
            if message.error():
                sys.exit(str(message.error()))
            add(decode(message.value() or b""))
        if messages:
            marks.passed(len(messages))


if __name__ == "__main__":
    main()
