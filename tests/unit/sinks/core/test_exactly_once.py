"""The law of the sink: whatever breaks, and whenever, each record is in the store once, and in order."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from connections.errors import DependencyUnavailable
from schemas.offsets import OffsetRange, Partition
from sinks.core.batches import Batch, Limits, PartitionBuffer
from sinks.core.delivery import deliver
from sinks.core.starting import start_at

PARTITION = Partition("events", 3)


class Crash(Exception):
    """The process ends here."""


class Faults:
    """Before and after each effect: nothing, a lost answer, the end of the process, or the loss of the partition."""

    def __init__(self, plan: list[str]) -> None:
        self._plan = iter(plan)

    def inject(self) -> None:
        match next(self._plan, "nothing"):
            case "lost answer":
                raise DependencyUnavailable("a server", "somewhere", "time-out")
            case "crash":
                raise Crash

    def takes_partition(self) -> bool:
        return next(self._plan, "nothing") == "rebalance"


class Broker:
    """What Kafka keeps, and ClickHouse: they outlive every crash."""

    def __init__(self, offsets: list[int], faults: Faults) -> None:
        self.offsets = offsets
        self.end = offsets[-1] + 2  # a transaction's marker ends the log
        self.committed: tuple[int, str] | None = None
        self.tokens: set[str] = set()
        self.inserted: list[int] = []
        self._faults = faults

    def prepare(self, offsets: OffsetRange) -> bool:
        return self._commit(offsets.first, offsets.to_metadata())

    def commit(self, partition: Partition, next_offset: int) -> bool:
        return self._commit(next_offset, "")

    def insert(self, batch: Batch) -> None:
        self._faults.inject()
        if str(batch.range) not in self.tokens:
            self.tokens.add(str(batch.range))
            self.inserted += batch.offsets
        self._faults.inject()

    def _commit(self, offset: int, metadata: str) -> bool:
        if self._faults.takes_partition():
            return False
        self._faults.inject()
        self.committed = (offset, metadata)
        self._faults.inject()
        return True


def run_once(broker: Broker, reads: Iterator[int], rows: Iterator[int]) -> None:
    """One life of the process: from its start until everything is delivered, or until it crashes or loses out."""
    offset, metadata = broker.committed or (None, "")
    start = start_at("The store", PARTITION, offset, metadata, broker.offsets[0], broker.end)
    buffer = PartitionBuffer(PARTITION, start)
    unread = [o for o in broker.offsets if o >= start.position]
    while True:
        chunk, unread = unread[: (size := next(reads))], unread[size:]
        for o in chunk:
            buffer.append(o, b"key", str(o).encode(), now_ms=0)
        if not unread:
            buffer.reached(broker.end)
        limits = Limits(rows=next(rows), size_bytes=10**9, age_ms=0, total_bytes=10**9)
        while batch := buffer.take(0, limits):
            while True:
                try:
                    if not deliver(batch, broker, broker):
                        return
                    break
                except DependencyUnavailable:
                    continue
            buffer.mark_committed(batch.next_offset)
        if not unread:
            return


FAULTS = st.sampled_from(["nothing", "nothing", "nothing", "lost answer", "crash", "rebalance"])


@settings(max_examples=400)
@given(
    gaps=st.lists(st.integers(1, 4), min_size=1, max_size=60),
    faults=st.lists(FAULTS, max_size=80),
    reads=st.lists(st.integers(1, 20), min_size=1),
    rows=st.lists(st.integers(1, 9), min_size=1),
)
def test_whatever_breaks_each_record_is_inserted_once_and_in_order(
    gaps: list[int], faults: list[str], reads: list[int], rows: list[int]
) -> None:
    offsets = [sum(gaps[: i + 1]) for i in range(len(gaps))]
    broker = Broker(offsets, Faults(faults))
    sizes, limits = _cycle(reads), _cycle(rows)
    while broker.inserted[-1:] != offsets[-1:] or broker.committed != (broker.end, ""):
        try:
            run_once(broker, sizes, limits)
        except Crash:
            continue
    assert broker.inserted == offsets


def _cycle(values: list[int]) -> Iterator[int]:
    while True:
        yield from values
