"""A sink of a test's own shop as a process, to be killed: ``python sink_process.py SUFFIX TOPIC...``.

Its settings come from SHOP_...
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from dataclasses import replace

from connections.registry import SchemaRegistry
from schemas.settings import Settings
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.description import CLICKHOUSE
from sinks.clickhouse.store import TABLES, ClickHouseStore
from sinks.core.sink import Sink


def main() -> None:
    (suffix, *topics), settings, stopping = sys.argv[1:], Settings(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    logging.basicConfig(level=logging.INFO)
    tables = {f"{topic}-{suffix}": TABLES[topic] for topic in topics}
    store = ClickHouseStore(ClickHouse(settings), SchemaRegistry.of(settings), tables)
    description = replace(CLICKHOUSE, topics=tuple(tables), group=f"sink-{suffix}")
    Sink(settings, description, store, store.end_of, stopping).run()


if __name__ == "__main__":
    main()
