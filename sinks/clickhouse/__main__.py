"""``python -m sinks.clickhouse``: carry ``events`` and the results into ClickHouse until SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import sys
from threading import Event
from typing import Final

from connections.errors import DependencyUnavailable
from connections.registry import SchemaRegistry
from schemas.settings import Settings
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.description import CLICKHOUSE
from sinks.clickhouse.store import ClickHouseStore
from sinks.core.process import run_until_signal
from sinks.core.sink import Sink

logger = logging.getLogger("sinks.clickhouse")

WAIT_SECONDS: Final = 1.0


def run(settings: Settings, stopping: Event) -> None:
    """Wait for ClickHouse's tables, then carry topics over until ``stopping`` is set."""
    clickhouse = ClickHouse(settings)
    registry = SchemaRegistry.of(settings)
    try:
        store = ClickHouseStore(clickhouse, registry)
        wait_for(store, stopping)
        Sink(settings, CLICKHOUSE, store, store.end_of, stopping).run()
    finally:
        registry.close()
        clickhouse.close()


def wait_for(store: ClickHouseStore, stopping: Event) -> None:
    """Return once the store has all its tables, or ``stopping`` is set."""
    while not stopping.is_set():
        try:
            store.check_ready()
            return
        except DependencyUnavailable as error:
            logger.info("Waiting for ClickHouse and its tables: %s", error)
            stopping.wait(WAIT_SECONDS)


if __name__ == "__main__":
    sys.exit(run_until_signal(run, logger))
