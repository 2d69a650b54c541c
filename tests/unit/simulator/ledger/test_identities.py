"""Persons by the ledger: the cases that the SQL is tested with, and what a small shop shows."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.ledger.books import Cell
from simulator.plan import Plan
from simulator.simulation import Simulation
from tests.unit.simulator.ledger.conftest import event, tables_of

SQL = Path(__file__).parents[3] / "sql"
CASES = sorted(
    path
    for result in ("analytics/user_days", "analytics/users_daily", "identity/identities")
    for path in (SQL / result).iterdir()
)


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_ledger_says_of_a_case_what_the_sql_must_say(case: Path) -> None:
    given = yaml.safe_load((case / "events.yaml").read_text())
    rows = tables_of([entered(**each) for each in given["events"]], given.get("time_zone", "UTC"))[case.parent.name]
    expected = [tuple(map(cell, row)) for row in yaml.safe_load((case / "expected.yaml").read_text())]
    assert sorted(map(str, (row[: len(expected[0])] for row in rows))) == sorted(map(str, expected))


def entered(event_id: str, event_type: str, event_time: datetime, user_id: str, **others: Any) -> Any:
    visit = {name: others.pop(name) for name in ("anonymous_id", "session_id") if name in others}
    items = {"items": []} if event_type == "purchase" else {}
    return event(event_id, event_type, round(event_time.timestamp() * 1000), user_id, visit, **others, **items)


def cell(value: Cell) -> Cell:
    """A time as the ledger writes it."""
    if not isinstance(value, str) or " " not in value:
        return value
    return datetime.fromisoformat(value).isoformat(timespec="milliseconds") + "Z"


def test_a_simulated_shop_has_shared_devices_second_devices_sign_outs_and_sign_ins_in_mid_visit() -> None:
    users: defaultdict[str, set[str]] = defaultdict(set)
    devices: defaultdict[str, set[str]] = defaultdict(set)
    visits: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for _, _, each, _ in Simulation(Plan(20_000, 4)).records():
        visitor, user = each.visit.fields.get("anonymous_id"), each.visit.user_id
        if visitor and user != visitor:
            users[visitor].add(user)
            devices[user].add(visitor)
        if each.visit.session_id:
            visits[each.visit.session_id].append((each.time_ms, each.event_type))
    kinds = [[kind for _, kind in sorted(visit)] for visit in visits.values()]
    assert sum(len(each) > 1 for each in users.values()) > 10
    assert sum(len(each) > 1 for each in devices.values()) > 20
    assert sum("user_logout" in visit for visit in kinds) > 50
    assert sum("user_login" in visit[4:] for visit in kinds) > 10
