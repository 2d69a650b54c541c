"""The same by quix-streams: a StreamingDataFrame whose one step decodes and aggregates."""

from __future__ import annotations

import logging
import tempfile

from quixstreams import Application

from bench.pipeline.peers.daily import Daily
from bench.pipeline.peers.decoding import Decoder
from bench.pipeline.peers.protocol import Marks, task


def main() -> None:
    given = task()
    daily, decoder = Daily(), Decoder(given.registry)
    marks = Marks(given, daily.tables)

    def aggregate(value: bytes) -> None:
        daily.add(decoder.decode(value))
        marks.passed(1)

    with tempfile.TemporaryDirectory() as state:
        application = Application(
            broker_address=given.servers,
            consumer_group=f"bench-quix-{given.tables.stem}",
            auto_offset_reset="earliest",
            auto_create_topics=False,
            consumer_extra_config={"isolation.level": "read_committed"},
            state_dir=state,
            loglevel=logging.WARNING,
        )
        topic = application.topic(given.topic, key_deserializer="bytes", value_deserializer="bytes")
        application.dataframe(topic).update(aggregate)
        application.run()


if __name__ == "__main__":
    main()
