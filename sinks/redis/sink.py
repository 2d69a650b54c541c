"""The loop: read, take in, write; and wait where a server is away."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from itertools import groupby
from operator import attrgetter
from threading import Event
from typing import Final, Protocol

from connections.errors import DependencyUnavailable
from sinks.core.framing import FramedDecoder
from sinks.core.reader import Record
from sinks.redis.changes import CHANGE_OF_TOPIC, Changes, TakeIn

logger = logging.getLogger(__name__)

READ_AT_ONCE: Final = 500
READ_SECONDS: Final = 0.2
WAIT_SECONDS: Final = 1.0


class Source(Protocol):
    """Where records come from. See ``sinks.core.reader.TopicReader``."""

    def seek(self, positions: dict[str, int]) -> dict[str, int]:
        """Read from these offsets on; returns the real ones."""
        ...

    def read(self, most: int, seconds: float) -> list[Record]:
        """The next records."""
        ...

    def commit(self, topic: str, partition: str, offset: int) -> None:
        """Commit how far it is."""
        ...


class Store(Protocol):
    """Where changes go. See ``store.RedisStore``."""

    def positions(self) -> dict[str, int]:
        """The next offset to apply of each partition."""
        ...

    def apply(self, partition: str, first: int | None, behind: int, changes: Changes) -> bool:
        """Write changes unless another writer was faster."""
        ...


class RedisSink:
    """Carries the served topics into Redis until ``stopping`` is set.

    Args:
        source: Kafka.
        store: Redis.
        decoder: Knows the schemas of keys and values.
        stopping: Set from outside to end ``run``.
        changes_of: Topic -> how its records are taken in.
    """

    def __init__(
        self,
        source: Source,
        store: Store,
        decoder: FramedDecoder,
        stopping: Event,
        changes_of: Mapping[str, TakeIn] = CHANGE_OF_TOPIC,
    ) -> None:
        self._source = source
        self._store = store
        self._decoder = decoder
        self._stopping = stopping
        self._changes_of = changes_of
        self._written: dict[str, int] = {}

    def run(self) -> None:
        """Carry until ``stopping`` is set; a server that is away is waited for."""
        while not self._stopping.is_set():
            try:
                self.start()
                while not self._stopping.is_set():
                    if not self.step():
                        self.start()
            except DependencyUnavailable as error:
                logger.warning("Waits, and then goes on from what Redis holds: %s", error)
                self._stopping.wait(WAIT_SECONDS)

    def start(self) -> None:
        """Go on from what Redis holds.

        Raises:
            DependencyUnavailable: A server does not answer.
        """
        self._written = self._store.positions()
        starts = self._source.seek(self._written)
        logger.info("Reads from %s", ", ".join(f"{partition}@{offset}" for partition, offset in starts.items()))

    def step(self) -> bool:
        """Read once and write what came; False when another writer was faster, or Redis was emptied.

        Raises:
            DependencyUnavailable: A server does not answer.
        """
        records = sorted(self._source.read(READ_AT_ONCE, READ_SECONDS), key=attrgetter("partition", "offset"))
        for _, of_partition in groupby(records, key=attrgetter("partition")):
            if not self._write(list(of_partition)):
                return False
        return True if records else self._store.positions() == self._written

    def _write(self, records: list[Record]) -> bool:
        last, changes = records[-1], self._taken_in(records)
        behind = last.offset + 1
        if not self._store.apply(last.partition, self._written.get(last.partition), behind, changes):
            logger.warning("Redis holds another offset of %s than was written: starts anew from it", last.partition)
            return False
        self._written[last.partition] = behind
        self._source.commit(last.topic, last.partition, behind)
        return True

    def _taken_in(self, records: list[Record]) -> Changes:
        changes = Changes()
        for record in records:
            row = None if record.value is None else self._decoder.decode(record.value)
            self._changes_of[record.topic](changes, self._decoder.decode(record.key), row, record.written_at)
        return changes
