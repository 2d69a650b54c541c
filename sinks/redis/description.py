"""The sink of Redis, as the rest of the system knows it."""

from __future__ import annotations

from contextlib import closing
from typing import Final

from schemas.offsets import Partition
from schemas.results import SERVED
from schemas.settings import Settings
from schemas.topics import consumer_group
from sinks.core.description import SinkDescription


def _applied(settings: Settings) -> dict[Partition, int]:
    from sinks.redis.store import RedisStore  # whoever only needs to know of the sink does not load a client

    with closing(RedisStore(settings)) as store:
        return {Partition.parse(partition): offset for partition, offset in store.positions().items()}


REDIS: Final = SinkDescription(
    name="redis",
    title="Redis",
    part="sink-redis",
    group=consumer_group("sink-redis"),
    topics=tuple(result.topic for result in SERVED),
    settings=("redis_url",),
    applied=_applied,
)
