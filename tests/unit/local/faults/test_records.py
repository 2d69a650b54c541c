from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from local.faults.records import (
    FAR_MS,
    SHUFFLE_MS,
    a_day_ahead,
    again_and_shuffled,
    from_one_partition,
    from_the_far_future,
    partition_of,
    with_poison,
)
from simulator.ledger.ledger import Ledger
from simulator.plan import Plan
from simulator.simulation import Record, Simulation
from simulator.trouble import Form

DAY_MS = 86_400_000


def records(count: int = 5_000) -> list[Record]:
    return list(islice(Simulation(Plan(count, seed=3)).records(), count))


def ledger_of(arriving: list[Record]) -> Ledger:
    ledger = Ledger("UTC", 7 * DAY_MS, 600_000)
    for received_ms, _, event, form in arriving:
        ledger.receive(received_ms, event, form.reason if form else None)
    return ledger


@pytest.mark.parametrize(
    ("key", "expected"),
    [("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536), ("abc", 479470107)],
)
def test_a_key_goes_where_kafkas_own_test_has_it(key: str, expected: int) -> None:
    many = 1 << 31
    assert partition_of(key, many) == expected & 0x7FFFFFFF


def test_shuffled_records_are_the_same_ones_with_copies_and_none_is_moved_by_more_than_ten_minutes() -> None:
    sent = records()
    arrived = list(again_and_shuffled(iter(sent)))
    copies = Counter(number for _, number, _, _ in arrived)
    assert set(copies) == {number for _, number, _, _ in sent}
    assert 0.03 < sum(count - 1 for count in copies.values()) / len(sent) < 0.07
    assert [number for _, number, _, _ in arrived] != sorted(number for _, number, _, _ in arrived)
    newest = 0
    for received_ms, *_ in arrived:
        newest = max(newest, received_ms)
        assert newest - received_ms <= SHUFFLE_MS


def test_the_ledger_counts_a_copy_as_a_duplicate() -> None:
    arrived = list(again_and_shuffled(iter(records())))
    ledger = ledger_of(arrived)
    assert (ledger.accepted, ledger.produced) == (5_000, len(arrived))
    assert ledger.duplicates == len(arrived) - 5_000


def test_poison_is_refused_for_each_of_its_reasons_and_takes_no_event_away() -> None:
    ledger = ledger_of(list(with_poison(iter(records()))))
    assert ledger.accepted == 5_000
    assert set(ledger.failed) == {
        "wrong_magic_byte",
        "unknown_schema_id",
        "undecodable",
        "empty_value",
        "trailing_bytes",
        "wrong_schema",
        "null_value",
    }


def test_an_event_of_2099_is_too_far_in_the_future() -> None:
    arrived = list(from_the_far_future(iter(records())))
    far = [event for _, _, event, _ in arrived if event.time_ms >= FAR_MS]
    assert ledger_of(arrived).failed == {"too_far_in_future": len(far)}
    assert 20 < len(far) < 90


def test_a_shop_whose_clock_is_a_day_ahead_is_believed_and_a_person_whose_clock_is_not() -> None:
    times = [event.time_ms for _, _, event, _ in records()]
    arrived = list(a_day_ahead(iter(records())))
    assert [event.time_ms - DAY_MS for _, _, event, _ in arrived] == times
    ledger = ledger_of(arrived)
    assert 150 < ledger.failed["too_far_in_future"] < 350
    assert ledger.accepted == 5_000 - ledger.failed["too_far_in_future"]


def test_one_partition_alone_is_left() -> None:
    arrived = list(from_one_partition(2)(iter(records())))
    assert {partition_of(event.key, 2) for _, _, event, _ in arrived} == {0}
    assert 1_000 < len(arrived) < 4_000


def test_an_old_version_stays_one_when_it_comes_again() -> None:
    old = [(at, number, event, Form((), version=1)) for at, number, event, _ in records(500)]
    assert {form and form.version for *_, form in again_and_shuffled(iter(old))} == {1}
