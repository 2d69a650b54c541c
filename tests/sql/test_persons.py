"""Persons by SQL beside those of the ledger: few visitors and users over two months, so that links meet all visits."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.results import Result, result_named
from simulator.events import Event, Visit
from simulator.ledger.books import Cell, Table
from simulator.ledger.ledger import Ledger
from tests.sql.test_results import environment, job_of, register, result_rows

pytestmark = pytest.mark.flink

TIME_ZONE = "Europe/Berlin"
DAY_MS = 86_400_000
T0_MS = 20_505 * DAY_MS
"""Late in February 2026; clocks go forward a month later."""
DAYS = 60
FAR_MS = 100 * DAY_MS
TYPES = ("page_view", "page_view", "page_view", "user_login", "user_identified", "user_logout", "user_registered")
RESULTS = ("user_days", "users_daily", "identities")


@pytest.fixture(scope="module")
def shop() -> list[Event]:
    rng = random.Random(33)
    return [event for number in range(120) for event in visit(rng, number)]


def visit(rng: random.Random, number: int) -> list[Event]:
    """Some events of a visitor, in a session or in none; some visits last for weeks, and many events have one time."""
    visitor, session = (
        f"v{rng.randrange(25)}",
        rng.choice([f"s{number}", f"s{number}", f"s{rng.randrange(20)}", "", None]),
    )
    at_ms, gap_ms = T0_MS + rng.randrange(DAYS) * DAY_MS, rng.choice([60_000, 1_800_000, DAY_MS // 2, 15 * DAY_MS])
    events = []
    for step in range(rng.randrange(1, 5)):
        user = rng.choice([visitor, visitor, visitor, f"u{rng.randrange(12)}"])
        anonymous_id = None if rng.random() < 0.05 else visitor
        fields = Visit(user, "test", anonymous_id=anonymous_id, session_id=session)
        events.append(Event(f"e{rng.randrange(10**6)}-{number}-{step}", rng.choice(TYPES), at_ms, fields))
        at_ms += rng.choice([0, gap_ms, gap_ms])
    return events


@pytest.fixture(scope="module")
def expected(shop: list[Event]) -> dict[str, Table]:
    ledger = Ledger(TIME_ZONE, FAR_MS, FAR_MS)
    for event in shop:
        ledger.receive(event.time_ms, event)
    assert ledger.accepted == len(shop) > 250
    return {table.name: table for table in ledger.tables()}


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_persons_are_those_of_the_ledger_in_whatever_order_events_come(
    name: str, seed: int, shop: list[Event], expected: dict[str, Table], jvm: None, tmp_path: Path
) -> None:
    result = result_named(name)
    tables = environment(job_of(result), TIME_ZONE)
    register(tables, job_of(result), [row(each) for each in random.Random(seed).sample(shop, len(shop))], tmp_path)
    job_of(result).register_views(tables)

    actual = sorted(tuple(map(cell, each)) for each in result_rows(tables, result))

    assert actual == sorted(stored(result, expected[name]))


def test_the_shop_has_visits_of_visitors_of_users_before_and_after_them_and_of_nobody_again(
    expected: dict[str, Table],
) -> None:
    persons = [person for _, person in expected["user_days"].rows]
    assert sum(str(person).startswith("v") for person in persons) > 20
    assert sum(str(person).startswith("u") for person in persons) > 50
    assert sum(user == "" for _, _, _, user, *_ in expected["identities"].rows) > 20


def row(event: Event) -> dict[str, Any]:
    return event.record() | {"event_time": datetime.fromtimestamp(event.time_ms / 1000, UTC)}


def stored(result: Result, table: Table) -> list[tuple[Cell, ...]]:
    """The rows of a table without the columns that its view computes."""
    positions = [list(table.columns).index(column.name) for column in result.stored]
    return [tuple(row[position] for position in positions) for row in table.rows]


def cell(value: Any) -> Cell:
    """A cell as the ledger writes it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds") + "Z"
    return value.isoformat() if isinstance(value, date) else value
