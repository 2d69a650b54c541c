"""Every sink there is. What iterates over them knows none by its name: parts of the platform, lag, status, faults."""

from __future__ import annotations

from typing import Final

from sinks.clickhouse.description import CLICKHOUSE
from sinks.core.description import SinkDescription
from sinks.lake.description import LAKE
from sinks.lists.description import RANKED_LISTS
from sinks.redis.description import REDIS

SINKS: Final[tuple[SinkDescription, ...]] = (CLICKHOUSE, RANKED_LISTS, REDIS, LAKE)
"""A sink that writes a topic stands before those that read it: so their lag is looked at in that order."""
