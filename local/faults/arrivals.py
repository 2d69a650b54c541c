"""Faults of what arrives: records again, in another order, broken, from the far future, of one partition alone."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Final

from local.faults.fault import Arrivals, Fault
from local.faults.scene import Scene
from simulator.events import Event, Visit
from simulator.plan import Trouble, dice
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
    """One good record in twenty comes twice, and all of them in an order drawn by lot within ten minutes."""
    rng = dice("again and shuffled")
    return _shuffled(_some_again(records, rng), rng)


def with_poison(records: Iterator[Record]) -> Iterator[Record]:
    """Beside the records, each kind of damage to one in a hundred."""
    rng = dice("poison")
    for record in records:
        yield record
        for damage in Damage:
            if rng.random() < SHARE_OF_POISON:
                yield _damaged(record, damage, rng)


def with_unknown_schemas(records: Iterator[Record]) -> Iterator[Record]:
    """Beside the records, one in twenty once more under a schema id that no registry has given."""
    rng = dice("unknown schemas")
    for record in records:
        yield record
        if rng.random() < SHARE_OF_UNKNOWN:
            yield _damaged(record, Damage.UNKNOWN_SCHEMA_ID, rng)


def from_the_far_future(records: Iterator[Record]) -> Iterator[Record]:
    """Beside the records, one in a hundred from a clock that stands in 2099."""
    rng = dice("2099")
    for received_ms, number, event, form in records:
        yield (received_ms, number, event, form)
        if rng.random() < SHARE_OF_FAR:
            far = Event(f"{event.event_id}-2099", "page_view", FAR_MS + number, Visit("u-2099"))
            yield (received_ms, number, far, None)


def a_day_ahead(records: Iterator[Record]) -> Iterator[Record]:
    """As a shop sends them whose clock is a day ahead; of one event in twenty, the reception has the right time."""
    rng = dice("a day ahead")
    for received_ms, number, event, form in records:
        if not (event.was_counted or event.was_sent):
            event.time_ms, event.was_sent = event.time_ms + DAY_MS, True
        is_right = rng.random() < SHARE_RECEIVED_IN_TIME
        yield (received_ms if is_right else received_ms + DAY_MS, number, event, form)


def from_one_partition(partitions: int) -> Arrivals:
    """Only the records whose key Kafka puts into partition 0; every other partition is idle."""

    def arrivals(records: Iterator[Record]) -> Iterator[Record]:
        return (record for record in records if partition_of(record[2].key, partitions) == 0)

    return arrivals


def partition_of(key: str, partitions: int) -> int:
    """Where Kafka's own producers, and ours, put a key: ``murmur2``, made positive."""
    return (_murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def _murmur2(data: bytes) -> int:
    """Kafka's ``Utils.murmur2``."""
    multiplier, mask = 0x5BD1E995, 0xFFFFFFFF
    length = len(data)
    found = 0x9747B28C ^ length
    whole = length - length % 4
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * multiplier & mask
        word = (word ^ word >> 24) * multiplier & mask
        found = (found * multiplier & mask) ^ word
    if whole < length:
        found = (found ^ int.from_bytes(data[whole:], "little")) * multiplier & mask
    found = (found ^ found >> 13) * multiplier & mask
    return found ^ found >> 15


def _some_again(records: Iterator[Record], rng: Random) -> Iterator[Record]:
    for record in records:
        yield record
        received_ms, number, event, form = record
        if rng.random() < SHARE_OF_COPIES and (form is None or form.reason is None):
            again = _COPY if form is None else Form((Trouble.DUPLICATES,), version=form.version, name=form.name)
            yield (received_ms, number, event, again)


def _shuffled(records: Iterator[Record], rng: Random) -> Iterator[Record]:
    waiting: list[tuple[float, int, Record]] = []
    for drawn, record in enumerate(records):
        heapq.heappush(waiting, (record[0] + rng.random() * SHUFFLE_MS, drawn, record))
        while waiting[0][0] < record[0]:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def _damaged(record: Record, damage: Damage, rng: Random) -> Record:
    received_ms, number, event, _ = record
    form = Form((Trouble.POISON,), REASONS[damage], damage=damage, seed=rng.getrandbits(32))
    return (received_ms, number, event, form)


def let_them_come(scene: Scene) -> None:
    """The fault lies in what arrives; it ends when all of it has."""
    scene.trade.wait_for(scene.options.records)


def _kill_registry_twice(scene: Scene) -> None:
    """What is unknown to a registry that does not answer may be known to it when it does."""
    scene.kill("registry")
    scene.recover()
    scene.kill("registry")
    let_them_come(scene)


def _faults() -> Iterator[Fault]:
    kinds: tuple[tuple[str, str, Callable[[Scene], None], Arrivals], ...] = (
        (
            "duplicates-shuffled",
            "5 % of the records come twice, all in an order drawn by lot within ten minutes",
            let_them_come,
            again_and_shuffled,
        ),
        ("poison", f"{len(Damage)} kinds of broken records, each 1 %", let_them_come, with_poison),
        ("year-2099", "1 % of the events say that they happened in 2099", let_them_come, from_the_far_future),
        (
            "clock-a-day-ahead",
            "the clock of the shop is a day ahead and right again afterwards; of 5 % only that of the person is",
            let_them_come,
            a_day_ahead,
        ),
        (
            "unknown-schema",
            "5 % of the records name a schema id that was never given; the registry is killed twice meanwhile",
            _kill_registry_twice,
            with_unknown_schemas,
        ),
        ("idle-partition", "only users of one partition come; the other is idle", let_them_come, from_one_partition(2)),
    )
    for name, words, strike, arrivals in kinds:
        yield Fault(name, words, strike, arrivals=arrivals)


FAULTS: Final = tuple(_faults())
