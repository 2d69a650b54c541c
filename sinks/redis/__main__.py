"""``python -m sinks.redis``: carry products and lists into Redis until SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import sys
from contextlib import closing
from threading import Event

from connections.registry import SchemaRegistry
from schemas.settings import Settings
from sinks.core.framing import FramedDecoder
from sinks.core.process import run_until_signal
from sinks.core.reader import TopicReader
from sinks.redis.description import REDIS
from sinks.redis.sink import RedisSink
from sinks.redis.store import RedisStore

logger = logging.getLogger("sinks.redis")


def run(settings: Settings, stopping: Event) -> None:
    """Carry the served topics over until ``stopping`` is set."""
    with (
        closing(SchemaRegistry.of(settings)) as registry,
        closing(TopicReader(settings, REDIS.topics, REDIS.group)) as source,
        closing(RedisStore(settings)) as store,
    ):
        RedisSink(source, store, FramedDecoder(registry), stopping).run()


if __name__ == "__main__":
    sys.exit(run_until_signal(run, logger))
