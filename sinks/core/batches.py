"""Gathers the records of partitions into batches. Pure: no Kafka, no store, and the time is passed in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from schemas.offsets import OffsetRange, Partition
from sinks.core.starting import Start

FRAME_BYTES: Final = 5
UNKNOWN_MS: Final = -1
"""Timestamp of a record that has none, in Kafka's own value."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a batch is sent: at the first limit that it reaches.

    Attributes:
        rows: Its records, at the most.
        size_bytes: The bytes of its values.
        age_ms: How long its first record has waited.
        total_bytes: The bytes of all partitions together.
    """

    rows: int
    size_bytes: int
    age_ms: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one partition, in their order.

    Attributes:
        range: The offsets they span; a prepared range may span offsets that compaction has taken away since.
        next_offset: Where reading goes on behind the batch.
        offsets: Offset of each record.
        keys: Key of each record.
        values: Value of each record; None is a tombstone.
        timestamps: Kafka timestamp of each record, epoch milliseconds.
    """

    range: OffsetRange
    next_offset: int
    offsets: list[int]
    keys: list[bytes | None]
    values: list[bytes | None]
    timestamps: list[int] = field(default_factory=list)

    def rows(self) -> list[bytes]:
        """The values that are not tombstones."""
        return [value for value in self.values if value is not None]

    def deletions(self) -> list[tuple[int, bytes | None]]:
        """Offset and key of each tombstone that no later record of its key follows in the batch.

        The schema id in front of a key does not tell keys apart.
        """
        if None not in self.values:
            return []
        last = {key and key[FRAME_BYTES:]: index for index, key in enumerate(self.keys)}
        return [(self.offsets[i], self.keys[i]) for i in sorted(last.values()) if self.values[i] is None]


class PartitionBuffer:
    """The records of one partition that are not delivered yet.

    Args:
        partition: The partition.
        start: Where reading it begins. A pending range is gathered first, and becomes a batch of exactly that range.
    """

    def __init__(self, partition: Partition, start: Start) -> None:
        self._partition = partition
        self._pending = start.pending
        self._position = self._committed = start.position
        self._offsets: list[int] = []
        self._keys: list[bytes | None] = []
        self._values: list[bytes | None] = []
        self._timestamps: list[int] = []
        self._born_ms = 0
        self.size_bytes = 0

    def append(
        self, offset: int, key: bytes | None, value: bytes | None, now_ms: int, timestamp_ms: int = UNKNOWN_MS
    ) -> None:
        """Add the record at ``offset``; one that was added before is left out."""
        if offset < self._position:
            return
        if not self._offsets:
            self._born_ms = now_ms
        self._offsets.append(offset)
        self._keys.append(key)
        self._values.append(value)
        self._timestamps.append(timestamp_ms)
        self._position = offset + 1
        if value is not None:
            self.size_bytes += len(value)

    def reached(self, offset: int) -> None:
        """Every readable record before ``offset`` has been appended: Kafka says so at the end of a partition."""
        self._position = max(self._position, offset)

    def take(self, now_ms: int, limits: Limits) -> Batch | None:
        """The next batch, if one is due."""
        if self._pending is not None:
            return self._take_pending(self._pending)
        if not self._is_due(now_ms, limits):
            return None
        count = min(len(self._offsets), limits.rows)
        return self._cut(count, OffsetRange(self._partition, self._offsets[0], self._offsets[count - 1]))

    def uncommitted_position(self) -> int | None:
        """The position, when nothing waits and it lies behind what was committed: markers of transactions do that."""
        if self._offsets or self._pending is not None or self._position == self._committed:
            return None
        return self._position

    @property
    def position(self) -> int:
        """The next offset to read."""
        return self._position

    def mark_committed(self, offset: int) -> None:
        """``offset`` has been committed."""
        self._committed = offset

    def _take_pending(self, pending: OffsetRange) -> Batch | None:
        if self._position <= pending.last:
            return None
        self._pending = None
        return self._cut(bisect_right(self._offsets, pending.last), pending)

    def _is_due(self, now_ms: int, limits: Limits) -> bool:
        return bool(self._offsets) and (
            len(self._offsets) >= limits.rows
            or self.size_bytes >= limits.size_bytes
            or now_ms - self._born_ms >= limits.age_ms
        )

    def _cut(self, count: int, offsets: OffsetRange) -> Batch:
        columns = (self._offsets, self._keys, self._values, self._timestamps)
        batch = Batch(offsets, offsets.last + 1, *(column[:count] for column in columns))  # type: ignore[arg-type]
        for column in columns:
            del column[:count]
        self.size_bytes -= sum(map(len, batch.rows()))
        return batch if self._offsets else replace(batch, next_offset=max(self._position, batch.next_offset))


class Buffers:
    """The buffers of the partitions that this process owns.

    Args:
        limits: When a batch is sent.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._of: dict[Partition, PartitionBuffer] = {}

    def __contains__(self, partition: Partition) -> bool:
        return partition in self._of

    def open(self, partition: Partition, start: Start) -> None:
        """This process owns ``partition`` from now on."""
        self._of[partition] = PartitionBuffer(partition, start)

    def close(self, partitions: Iterable[Partition]) -> None:
        """This process no longer owns ``partitions``: what was not delivered is for their next owner."""
        for partition in partitions:
            self._of.pop(partition, None)

    def clear(self) -> None:
        """This process owns nothing any more."""
        self._of.clear()

    def of(self, partition: Partition) -> PartitionBuffer | None:
        """The buffer of one partition; None when this process does not own it."""
        return self._of.get(partition)

    def due(self, now_ms: int) -> Iterator[Batch]:
        """The batches that are due, the partitions taking turns, until none is; each is cut when it is iterated to."""
        return self._in_turns(now_ms, self._limits_now)

    def all(self, now_ms: int) -> Iterator[Batch]:
        """Everything gathered, as batches."""
        return self._in_turns(now_ms, lambda: replace(self._limits, age_ms=0))

    def uncommitted_positions(self) -> list[tuple[Partition, int]]:
        """Partitions of which nothing waits, and a position that should be committed."""
        positions = ((partition, buffer.uncommitted_position()) for partition, buffer in self._of.items())
        return [(partition, position) for partition, position in positions if position is not None]

    def positions(self) -> dict[Partition, int]:
        """The next offset to read of each partition."""
        return {partition: buffer.position for partition, buffer in self._of.items()}

    def _in_turns(self, now_ms: int, limits: Callable[[], Limits]) -> Iterator[Batch]:
        any_is_due = True
        while any_is_due:
            any_is_due = False
            for partition in list(self._of):
                buffer = self._of.get(partition)
                if buffer is not None and (batch := buffer.take(now_ms, limits())) is not None:
                    any_is_due = True
                    yield batch

    def _limits_now(self) -> Limits:
        full = sum(buffer.size_bytes for buffer in self._of.values()) >= self._limits.total_bytes
        return replace(self._limits, age_ms=0) if full else self._limits
