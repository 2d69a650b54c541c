"""Every sink there is. What iterates over them knows none by its name: parts of the platform, lag, status, faults."""

from __future__ import annotations

from typing import Final

from sinks.clickhouse.description import CLICKHOUSE
from sinks.core.description import SinkDescription
from sinks.lake.description import LAKE
from sinks.redis.description import REDIS

SINKS: Final[tuple[SinkDescription, ...]] = (CLICKHOUSE, REDIS, LAKE)
