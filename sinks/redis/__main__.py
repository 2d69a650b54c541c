"""``python -m sinks.redis``: carry products and lists into Redis until SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import signal
import sys
from contextlib import closing
from threading import Event

from schemas.errors import ShopError
from schemas.registry import SchemaRegistry
from schemas.settings import Settings
from sinks.framed import FramedDecoder
from sinks.redis.changes import CHANGE_OF_TOPIC
from sinks.redis.sink import RedisSink
from sinks.redis.source import KafkaSource
from sinks.redis.store import RedisStore

logger = logging.getLogger("sinks.redis")


def main() -> int:
    """Run the sink.

    Returns:
        The exit code: 0 after a signal, else that of the error.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        run(Settings(), stopping)
    except ShopError as error:
        logger.critical("%s", error)
        return error.exit_code
    return 0


def run(settings: Settings, stopping: Event) -> None:
    """Carry the served topics over until ``stopping`` is set."""
    with (
        closing(SchemaRegistry(settings.registry_url, settings.http_timeout_seconds)) as registry,
        closing(KafkaSource(settings, tuple(CHANGE_OF_TOPIC))) as source,
        closing(RedisStore(settings)) as store,
    ):
        RedisSink(source, store, FramedDecoder(registry), stopping).run()


if __name__ == "__main__":
    sys.exit(main())
