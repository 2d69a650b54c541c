"""Which records count, and laws of the ledger."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import ConfigurationError
from schemas.results import RESULTS
from simulator.events import Event, Visit
from simulator.ledger.file import write_ledger
from simulator.ledger.ledger import Ledger
from simulator.plan import ALL, Plan, seeded_rng
from simulator.simulation import Record, Simulation

LedgerOf = Callable[[int, int], Ledger]
PLAN = Plan(1_500, 7, ALL, time_zone="Europe/Berlin", start=date(2026, 3, 25))
"""Clocks go forward on the fifth day."""


def page_view(time_ms: int) -> Event:
    return Event("e", "page_view", time_ms, Visit("ada"))


@pytest.mark.parametrize(
    ("happened", "received", "reason"),
    [
        (0, 1_000, None),
        (0, 1_001, "too_old"),
        (100, 0, None),
        (101, 0, "too_far_in_future"),
    ],
)
def test_age_is_judged_by_the_limits_the_limits_included(
    ledger: LedgerOf, happened: int, received: int, reason: str | None
) -> None:
    book = ledger(1_000, 100)
    book.receive(received, page_view(happened))
    assert (book.accepted, dict(book.failed)) == ((0, {reason: 1}) if reason else (1, {}))


def test_junk_is_refused_for_its_reason_whatever_its_age(ledger: LedgerOf) -> None:
    book = ledger(1_000, 100)
    book.receive(9_999, page_view(0), "undecodable", ["poison"])
    assert (book.failed, book.trouble, book.accepted) == ({"undecodable": 1}, {"poison": 1}, 0)


def test_a_repetition_that_comes_too_late_is_refused_and_the_event_counts_all_the_same(ledger: LedgerOf) -> None:
    book, event = ledger(1_000, 100), page_view(0)
    for received in (5_000, 10, 20, 1_001):
        book.receive(received, event)
    assert (book.accepted, book.duplicates, dict(book.failed)) == (1, 1, {"too_old": 2})


def entered(records: list[Record]) -> Ledger:
    book = Ledger(PLAN.time_zone, PLAN.lateness_ms, PLAN.skew_ms)
    for _, _, event, _ in records:
        event.was_counted = False
    for received_ms, _, event, form in records:
        book.receive(received_ms, event, form.reason if form else None)
    return book


@settings(max_examples=15, deadline=None)
@given(st.integers())
def test_the_order_of_the_records_makes_no_difference(seed: int) -> None:
    records = list(Simulation(PLAN).records())
    in_order = entered(records)
    expected = (list(in_order.tables()), in_order.failed, in_order.duplicates)
    seeded_rng(seed).shuffle(records)
    shuffled = entered(records)
    assert (list(shuffled.tables()), shuffled.failed, shuffled.duplicates) == expected


def test_records_sent_twice_change_no_table() -> None:
    records = list(Simulation(PLAN).records())
    once = list(entered(records).tables())
    twice = entered(records * 2)
    assert list(twice.tables()) == once
    assert twice.duplicates == twice.accepted + 2 * entered(records).duplicates


def test_the_days_of_a_table_are_those_of_the_shop() -> None:
    tables = {table.name: table for table in entered(list(Simulation(PLAN).records())).tables()}
    berlin = {row[0] for row in tables["users_daily"].rows}
    assert {"2026-03-25", "2026-03-29", "2026-03-30"} <= berlin
    assert "2026-03-24" not in berlin, "where the first day begins in UTC"


def test_every_result_is_in_the_ledger_with_its_columns_and_every_table_of_the_ledger_is_a_result() -> None:
    tables = {table.name: table for table in entered(list(Simulation(PLAN).records())).tables()}
    results = {result.name: result for result in RESULTS}
    assert set(tables) == set(results)
    for name, table in tables.items():
        assert set(table.columns) == {column.name for column in results[name].columns}, name
        assert tuple(table.columns)[: table.keys] == results[name].key, name


def test_every_table_has_rows_each_under_its_own_key_in_the_order_of_the_keys() -> None:
    for table in entered(list(Simulation(PLAN).records())).tables():
        keys = [row[: table.keys] for row in table.rows]
        assert keys, table.name
        assert len(set(keys)) == len(keys), table.name
        assert keys == sorted(keys, key=lambda key: [str(cell) for cell in key]), table.name
        assert {len(row) for row in table.rows} == {len(table.columns)}, table.name


def test_the_file_holds_everything_one_row_a_line_and_is_the_same_each_time(tmp_path: Path) -> None:
    book = entered(list(Simulation(PLAN).records()))
    plain, again, packed = tmp_path / "L.json", tmp_path / "again.json", tmp_path / "L.json.gz"
    for path in (plain, again, packed):
        write_ledger(path, book, PLAN.arguments())
    assert plain.read_bytes() == again.read_bytes() == gzip.decompress(packed.read_bytes())
    content = json.loads(plain.read_text(encoding="utf-8"))
    limits = {"time_zone": "Europe/Berlin", "lateness_ms": 604_800_000, "skew_ms": 600_000}
    assert content["settings"] == limits | {
        "fold_orders": True,
        "order_sources": ["backend"],
        "prices_include_tax": True,
    }
    assert content["arguments"]["seed"] == 7
    assert content["records"]["accepted"] == book.accepted
    for table in book.tables():
        assert content["tables"][table.name]["rows"] == [list(row) for row in table.rows]
    assert len(plain.read_text(encoding="utf-8").splitlines()) > sum(len(table.rows) for table in book.tables())


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, ledger: LedgerOf) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be written to .*nowhere"):
        write_ledger(tmp_path / "nowhere" / "L.json", ledger(0, 0), {})
