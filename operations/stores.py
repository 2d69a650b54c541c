"""Every store that a sink fills, and what is done to it: registered here once, iterated over everywhere else.

A store's part of the platform, its topics, its consumer group, its settings and how its lag is measured are in its
``sinks/<store>/description.py``, which needs no client library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from operations.personal.clickhouse import IN_CLICKHOUSE
from operations.personal.data import NOBODY, PersonalData
from operations.personal.lake import IN_LAKE
from operations.personal.redis import IN_REDIS
from operations.rebuild.clickhouse import CLICKHOUSE_REBUILD
from operations.rebuild.redis import REDIS_REBUILD
from operations.rebuild.request import NotRebuilt, Rebuild
from schemas.errors import ConfigurationError
from sinks.clickhouse.description import CLICKHOUSE
from sinks.core.description import SinkDescription
from sinks.lake.description import LAKE
from sinks.lists.description import RANKED_LISTS
from sinks.redis.description import REDIS


@dataclass(frozen=True, slots=True)
class Store:
    """One store.

    Attributes:
        sink: What fills it.
        rebuild: How it is filled anew, or why it is not.
        personal: What it holds of a person, and how that is erased.
        faults: Names of the faults that ``./shop faults`` has for it and its sink.
    """

    sink: SinkDescription
    rebuild: Rebuild | NotRebuilt
    personal: PersonalData
    faults: tuple[str, ...]


STORES: Final = (
    Store(
        CLICKHOUSE,
        CLICKHOUSE_REBUILD,
        IN_CLICKHOUSE,
        (
            "kill-clickhouse",
            "away-clickhouse",
            "stop-clickhouse",
            "disk-full-clickhouse",
            "stop-sink",
            "sink-before-acknowledgement",
            "sink-after-acknowledgement",
        ),
    ),
    Store(
        LAKE,
        NotRebuilt("it is what other stores are filled from, and Kafka no longer has all of it"),
        IN_LAKE,
        ("stop-sink-lake",),
    ),
    Store(
        RANKED_LISTS,
        NotRebuilt("its sink makes all lists anew from the topics at each start"),
        NOBODY,
        ("stop-sink-lists",),
    ),
    Store(REDIS, REDIS_REBUILD, IN_REDIS, ("kill-redis", "stop-redis", "flush-redis", "stop-sink-redis")),
)


def store_named(name: str) -> Store:
    """The store of a name.

    Raises:
        ConfigurationError: There is none.
    """
    for store in STORES:
        if store.sink.name == name:
            return store
    message = f"There is no store {name}. There are: {', '.join(store.sink.name for store in STORES)}."
    raise ConfigurationError(message)
