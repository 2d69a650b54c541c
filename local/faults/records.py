"""Faults of the records themselves: repeated, reordered, broken, from the far future, of a single partition."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Final

from local.faults.context import FaultContext
from local.faults.fault import Fault
from local.faults.load import RecordTransform
from simulator.events import Event, Visit
from simulator.plan import Trouble, seeded_rng
from simulator.poison import REASONS, Damage
from simulator.simulation import Record
from simulator.trouble import Form

SHARE_OF_COPIES: Final = 0.05
SHUFFLE_MS: Final = 10 * 60_000
SHARE_OF_POISON: Final = 0.01
SHARE_OF_FAR: Final = 0.01
FAR_MS: Final = round(datetime(2099, 6, 1, tzinfo=UTC).timestamp()) * 1000
DAY_MS: Final = 86_400_000
SHARE_RECEIVED_IN_TIME: Final = 0.05
SHARE_OF_UNKNOWN: Final = 0.05

_COPY: Final = Form((Trouble.DUPLICATES,))


def again_and_shuffled(records: Iterator[Record]) -> Iterator[Record]:
    """One good record in twenty is sent twice, and all of them in random order within ten minutes."""
    rng = seeded_rng("again and shuffled")
    return _shuffled(_some_again(records, rng), rng)


def with_poison(records: Iterator[Record]) -> Iterator[Record]:
    """The records, and of one in a hundred a broken copy, for each kind of damage."""
    rng = seeded_rng("poison")
    for record in records:
        yield record
        for damage in Damage:
            if rng.random() < SHARE_OF_POISON:
                yield _damaged(record, damage, rng)


def with_unknown_schemas(records: Iterator[Record]) -> Iterator[Record]:
    """The records, and of one in twenty a copy under a schema id that no registry has."""
    rng = seeded_rng("unknown schemas")
    for record in records:
        yield record
        if rng.random() < SHARE_OF_UNKNOWN:
            yield _damaged(record, Damage.UNKNOWN_SCHEMA_ID, rng)


def from_the_far_future(records: Iterator[Record]) -> Iterator[Record]:
    """The records, and beside one in a hundred an event from a clock in 2099."""
    rng = seeded_rng("2099")
    for received_ms, number, event, form in records:
        yield (received_ms, number, event, form)
        if rng.random() < SHARE_OF_FAR:
            far = Event(f"{event.event_id}-2099", "page_view", FAR_MS + number, Visit("u-2099"))
            yield (received_ms, number, far, None)


def a_day_ahead(records: Iterator[Record]) -> Iterator[Record]:
    """The records of a shop whose clock is a day ahead; one event in twenty is received by a clock that is right."""
    rng = seeded_rng("a day ahead")
    for received_ms, number, event, form in records:
        if not (event.was_counted or event.was_sent):
            event.time_ms, event.was_sent = event.time_ms + DAY_MS, True
        is_right = rng.random() < SHARE_RECEIVED_IN_TIME
        yield (received_ms if is_right else received_ms + DAY_MS, number, event, form)


def from_one_partition(partitions: int) -> RecordTransform:
    """Only the records whose key Kafka assigns to partition 0; every other partition is idle."""

    def transform(records: Iterator[Record]) -> Iterator[Record]:
        return (record for record in records if partition_of(record[2].key, partitions) == 0)

    return transform


def partition_of(key: str, partitions: int) -> int:
    """The partition to which Kafka's default partitioner, and so our producers, assign a key."""
    return (_murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def _murmur2(data: bytes) -> int:
    """Kafka's ``Utils.murmur2``."""
    multiplier, mask = 0x5BD1E995, 0xFFFFFFFF
    length = len(data)
    digest = 0x9747B28C ^ length
    whole = length - length % 4
    for offset in range(0, whole, 4):
        word = int.from_bytes(data[offset : offset + 4], "little") * multiplier & mask
        word = (word ^ word >> 24) * multiplier & mask
        digest = (digest * multiplier & mask) ^ word
    if whole < length:
        digest = (digest ^ int.from_bytes(data[whole:], "little")) * multiplier & mask
    digest = (digest ^ digest >> 13) * multiplier & mask
    return digest ^ digest >> 15


def _some_again(records: Iterator[Record], rng: Random) -> Iterator[Record]:
    for record in records:
        yield record
        received_ms, number, event, form = record
        if rng.random() < SHARE_OF_COPIES and (form is None or form.reason is None):
            again = _COPY if form is None else Form((Trouble.DUPLICATES,), version=form.version, name=form.name)
            yield (received_ms, number, event, again)


def _shuffled(records: Iterator[Record], rng: Random) -> Iterator[Record]:
    waiting: list[tuple[float, int, Record]] = []
    for index, record in enumerate(records):
        heapq.heappush(waiting, (record[0] + rng.random() * SHUFFLE_MS, index, record))
        while waiting[0][0] < record[0]:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def _damaged(record: Record, damage: Damage, rng: Random) -> Record:
    received_ms, number, event, _ = record
    form = Form((Trouble.POISON,), REASONS[damage], damage=damage, seed=rng.getrandbits(32))
    return (received_ms, number, event, form)


def wait_for_records(context: FaultContext) -> None:
    """The fault is in the records; it ends when all of them are sent."""
    context.load.wait_for(context.options.records)


def _kill_registry_twice(context: FaultContext) -> None:
    """A schema id may be valid while the registry that knows it does not answer."""
    context.kill("registry")
    context.recover()
    context.kill("registry")
    wait_for_records(context)


def _faults() -> Iterator[Fault]:
    kinds: tuple[tuple[str, str, Callable[[FaultContext], None], RecordTransform], ...] = (
        (
            "duplicates-shuffled",
            "5 % of the records are sent twice, all in random order within ten minutes",
            wait_for_records,
            again_and_shuffled,
        ),
        ("poison", f"{len(Damage)} kinds of broken records, each 1 %", wait_for_records, with_poison),
        ("year-2099", "1 % of the events claim to have happened in 2099", wait_for_records, from_the_far_future),
        (
            "clock-a-day-ahead",
            "the clock of the shop is a day ahead, and right again afterwards; for 5 % only the clock of the user is",
            wait_for_records,
            a_day_ahead,
        ),
        (
            "unknown-schema",
            "5 % of the records name a schema id that does not exist; the registry is killed twice meanwhile",
            _kill_registry_twice,
            with_unknown_schemas,
        ),
        (
            "idle-partition",
            "only users of one partition send events; the other partition is idle",
            wait_for_records,
            from_one_partition(2),
        ),
    )
    for name, description, inject, transform in kinds:
        yield Fault(name, description, inject, transform=transform)


FAULTS: Final = tuple(_faults())
