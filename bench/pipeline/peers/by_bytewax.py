"""The same by bytewax: its Kafka source, one step over batches that decodes and aggregates."""

from __future__ import annotations

from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.connectors.stdio import StdOutSink
from bytewax.dataflow import Dataflow
from bytewax.testing import cluster_main

from bench.pipeline.peers.daily import Daily
from bench.pipeline.peers.decoding import Decoder
from bench.pipeline.peers.protocol import Marks, task


def main() -> None:
    given = task()
    daily, decoder = Daily(), Decoder(given.registry)
    marks = Marks(given, daily.tables)
    source = KafkaSource(
        [given.servers],
        [given.topic],
        tail=True,
        batch_size=1_000,
        add_config={"isolation.level": "read_committed"},
    )

    def aggregate(messages: list[Any]) -> list[str]:
        for message in messages:
            daily.add(decoder.decode(message.value))
        if messages:
            marks.passed(len(messages))
        return []

    flow = Dataflow("daily")
    op.output("out", op.flat_map_batch("aggregate", op.input("events", flow, source), aggregate), StdOutSink())
    cluster_main(flow, [], 0)


if __name__ == "__main__":
    main()
