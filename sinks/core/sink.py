"""The loop: read, gather, deliver; and wait where a server is away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from threading import Event
from typing import Final

from connections.errors import BatchRefused, DependencyUnavailable
from schemas.offsets import Partition
from schemas.settings import Settings
from sinks.core.batches import Batch, Buffers, Limits, PartitionBuffer
from sinks.core.delivery import Store, deliver
from sinks.core.description import SinkDescription
from sinks.core.metrics import LOG_EVERY_MS, Metrics
from sinks.core.source import KafkaSource
from sinks.core.starting import Start

logger = logging.getLogger(__name__)

READ_AT_ONCE: Final = 10_000
BATCH_BYTES: Final = 8 * 1024 * 1024
TOTAL_BYTES: Final = 24 * 1024 * 1024
FIRST_BACKOFF_SECONDS: Final = 0.2
LONGEST_BACKOFF_SECONDS: Final = 5.0
REFUSALS: Final = 5
"""So often a batch is refused before that is final: a server in trouble may blame the data for a while."""

SLICE_SECONDS: Final = 0.5
"""How long the loop may be deaf to a signal."""

SLICES: Final = 5
"""Reads while a batch waits: it is sent at the end of one, so at most a fifth later than it is due."""


class Sink:
    """Carries topics into a store until ``stopping`` is set.

    Args:
        settings: Kafka's address, and when a batch is sent.
        description: What is read, and under which consumer group.
        store: Where it goes.
        end_of: Where to begin a partition of which the consumer group has no offset; None for the beginning.
        stopping: Set from outside to end ``run``.
        limits: When a batch is sent; the settings' limits of inserts where none are given.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        settings: Settings,
        description: SinkDescription,
        store: Store,
        end_of: Callable[[Partition], int | None],
        stopping: Event,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.metrics = Metrics()
        self._store = store
        self._stopping = stopping
        self._clock = clock
        self._slice_seconds = min(settings.sink_batch_ms / 1000 / SLICES, SLICE_SECONDS)
        self._read_seconds = 0.0  # spent reading: a batch ages by it, and not while another is being delivered
        self._buffers = Buffers(
            limits or Limits(settings.sink_batch_rows, BATCH_BYTES, settings.sink_batch_ms, TOTAL_BYTES)
        )
        self._logged_ms = self._now_ms()
        self._source = KafkaSource(settings, description, self, end_of)

    def run(self) -> None:
        """Deliver until ``stopping`` is set, then deliver what was gathered, and leave the group.

        Raises:
            BatchRefused: The store does not take a batch, however often it is sent.
            ShopError: The consumer cannot go on.
        """
        try:
            while not self._stopping.is_set():
                self._read(self._slice_seconds)
                self._deliver_all(self._buffers.due)
                self._commit_positions()
                self._log_metrics()
            self._deliver_all(self._buffers.all)
        finally:
            self._source.close()
            logger.info("Stopped: %s", self.metrics.line())

    def assigned(self, starts: dict[Partition, Start]) -> None:
        """This process owns the partitions from now on. See ``source.Owner``."""
        for partition, start in starts.items():
            self._buffers.open(partition, start)
            if start.pending is not None:
                self.metrics.resumed += 1
                logger.info("Resumes %s, which was prepared and not committed", start.pending)
            if start.lost:
                self.metrics.lost += start.lost
                logger.error(
                    "Kafka deleted %d offsets of %s before %d, which no sink had read. SHOP_KAFKA_GAPS accepts that: "
                    "what the store lacks now stays away.",
                    start.lost,
                    partition,
                    start.position,
                )

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """This process no longer owns the partitions. See ``source.Owner``."""
        self._buffers.close(partitions)

    def _read(self, seconds: float) -> None:
        began, born_ms = self._clock(), self._read_ms()
        for partition, offset, key, value, timestamp_ms, end in self._source.read(READ_AT_ONCE, seconds):
            buffer = self._buffers.of(partition)
            if buffer is None:
                continue
            if end:
                buffer.reached(offset)
            else:
                buffer.append(offset, key, value, born_ms, timestamp_ms)
        self._read_seconds += self._clock() - began

    def _deliver_all(self, batches: Callable[[int], Iterable[Batch]]) -> None:
        for batch in batches(self._read_ms()):
            if not self._deliver(batch):
                self.metrics.abandoned += 1
                return

    def _deliver(self, batch: Batch) -> bool:
        """Deliver one batch, however long it takes; False when it is left to another owner or to the next start."""
        buffer = self._buffers.of(batch.range.partition)
        delivered, refusals = False, 0
        for attempt in count(1):
            try:
                delivered = deliver(batch, self._source, self._store)
                break
            except DependencyUnavailable as error:
                self.metrics.retries += 1
                logger.warning("Cannot deliver %s, attempt %d: %s", batch.range, attempt, error)
            except BatchRefused as error:
                refusals += 1
                self.metrics.refused += 1
                if refusals == REFUSALS:
                    raise
                logger.error("Attempt %d: %s", attempt, error)
            self._wait(_backoff_seconds(attempt))
            if self._stopping.is_set() or self._buffers.of(batch.range.partition) is not buffer:
                self._source.resume()
                return False
        self._source.resume()
        self._conclude(batch, buffer, delivered)
        return delivered

    def _conclude(self, batch: Batch, buffer: PartitionBuffer | None, delivered: bool) -> None:
        if not delivered or buffer is None:
            self._rejoin()
            return
        buffer.mark_committed(batch.next_offset)
        self.metrics.rows += len(batch.offsets)
        self.metrics.size_bytes += sum(map(len, batch.rows()))
        self.metrics.batches += 1

    def _rejoin(self) -> None:
        """Another member may own what this one thought its own: forget all of it, and let the group decide afresh."""
        self._buffers.clear()
        self._source.rejoin()

    def _wait(self, seconds: float) -> None:
        """Let time pass as a member of the group; records that come in the meantime are gathered."""
        self._source.pause()
        deadline = self._clock() + seconds
        while not self._stopping.is_set() and (left := deadline - self._clock()) > 0:
            self._read(min(left, SLICE_SECONDS))

    def _commit_positions(self) -> None:
        """Commit where reading stands, where nothing is left to deliver: behind a transaction's marker, for example."""
        for partition, position in self._buffers.uncommitted_positions():
            buffer = self._buffers.of(partition)
            try:
                owned = self._source.commit(partition, position)
            except DependencyUnavailable as error:
                logger.warning("Cannot commit that %s is read up to %d: %s", partition, position, error)
                return
            if not owned or buffer is None:
                self._rejoin()
                return
            buffer.mark_committed(position)

    def _log_metrics(self) -> None:
        now_ms = self._now_ms()
        if now_ms - self._logged_ms < LOG_EVERY_MS:
            return
        self._logged_ms = now_ms
        self.metrics.lag = self._source.lag(self._buffers.positions())
        logger.info("%s", self.metrics.line())

    def _read_ms(self) -> int:
        return int(self._read_seconds * 1000)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def _backoff_seconds(attempt: int) -> float:
    return min(FIRST_BACKOFF_SECONDS * 2.0 ** min(attempt, 10), LONGEST_BACKOFF_SECONDS)
