"""``python -m sinks.lake``: carry ``events`` into the lake until SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import sys
from threading import Event
from typing import Final

from connections.registry import SchemaRegistry
from lake.storage import lake_storage
from schemas.settings import Settings
from sinks.core.batches import Limits
from sinks.core.process import run_until_signal
from sinks.core.sink import Sink
from sinks.lake.description import LAKE
from sinks.lake.store import LakeStore

logger = logging.getLogger("sinks.lake")

BATCH_BYTES: Final = 32 * 1024 * 1024
TOTAL_BYTES: Final = 64 * 1024 * 1024


def run(settings: Settings, stopping: Event) -> None:
    """Carry events over until ``stopping`` is set."""
    registry = SchemaRegistry.of(settings)
    try:
        store = LakeStore(lake_storage(settings), registry)
        Sink(settings, LAKE, store, store.end_of, stopping, limits_of(settings)).run()
    finally:
        registry.close()


def limits_of(settings: Settings) -> Limits:
    """When a range is written."""
    return Limits(settings.lake_batch_rows, BATCH_BYTES, settings.lake_batch_ms, TOTAL_BYTES)


if __name__ == "__main__":
    sys.exit(run_until_signal(run, logger))
