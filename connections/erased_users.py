"""Who was erased: the compacted topic ``erasures``, and a reader of it that keeps up.

A record's key is the SHA-256 of the user's id in hexadecimal, its value when the user was erased, epoch milliseconds in
ASCII digits. The id itself is not kept; whoever knows an id can tell whether it was erased. See docs/adr/0017.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from connections.kafka import CommittedRecords, KafkaAddress
from schemas.errors import ConfigurationError
from schemas.topics import ERASURES

REFRESH_SECONDS: Final = 5.0
"""So long after it was published, an erasure may be unknown to a reader."""


@dataclass(frozen=True, slots=True)
class KafkaServers:
    """What a reader must know of Kafka, without the rest of the settings."""

    kafka_bootstrap_servers: str
    http_timeout_seconds: float


def digest_of(user_id: str) -> str:
    """What stands for a user's id."""
    return hashlib.sha256(user_id.encode()).hexdigest()


class ErasedUsers:
    """The users that were erased, as of REFRESH_SECONDS ago at the latest.

    Args:
        kafka: Where Kafka is.
        clock: Monotonic seconds.
    """

    def __init__(self, kafka: KafkaAddress, clock: Callable[[], float] = time.monotonic) -> None:
        self._kafka = kafka
        self._clock = clock
        self._looked_at: float | None = None
        self._digests: set[str] = set()
        self._next_offsets: dict[int, int] = {}

    def among(self, user_ids: Iterable[str | None]) -> list[int]:
        """Places of those ids that are of erased users.

        Raises:
            DependencyUnavailable: Kafka does not answer.
        """
        self._keep_up()
        if not self._digests:
            return []
        return [place for place, user_id in enumerate(user_ids) if user_id and digest_of(user_id) in self._digests]

    def _keep_up(self) -> None:
        now = self._clock()
        if self._looked_at is not None and now - self._looked_at < REFRESH_SECONDS:
            return
        with CommittedRecords(self._kafka) as records:
            for partition in _partitions(records):
                self._read(records, partition)
        self._looked_at = now

    def _read(self, records: CommittedRecords, partition: int) -> None:
        _, end = records.bounds(ERASURES, partition)
        for message in records.read(ERASURES, partition, self._next_offsets.get(partition, 0), end):
            key = message.key()
            if key is not None:
                self._digests.add(key.decode() if isinstance(key, bytes) else key)
        self._next_offsets[partition] = end


def _partitions(records: CommittedRecords) -> list[int]:
    """None while the topic is not there yet: nobody was erased then."""
    try:
        return records.partitions(ERASURES)
    except ConfigurationError:
        return []
