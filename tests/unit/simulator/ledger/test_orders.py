"""An order that is reported more than once."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from schemas.settings import Settings
from simulator.events import Event
from simulator.ledger.ledger import Ledger, ledger_of
from simulator.ledger.orders import OrderRules
from simulator.plan import Plan, Trouble
from simulator.shopping import BACK_END
from simulator.simulation import Simulation
from tests.unit.simulator.ledger.conftest import DAY_MS, berlin, event, tables_of

FRIDAY, SATURDAY = "2026-03-27", "2026-03-28"
NIGHT = berlin("2026-03-28T00:00:00")
MONEY = {"currency": "EUR", "items": [("p", 1, "5")]}


def report(event_id: str, source: str, time_ms: int, user: str = "ada", **body: Any) -> Event:
    made = event(event_id, "purchase", time_ms, user, body.pop("visit", None), **{"order_id": "o", **MONEY, **body})
    made.visit.fields["source"] = source
    return made


def of_three() -> list[Event]:
    """A browser before midnight, which has the session, the back end after it, and the page again an hour later."""
    return [
        report("a", "web", NIGHT - 1, "v1", value="6", visit={"session_id": "s1"}),
        report("b", BACK_END, NIGHT, "ada", value="5"),
        report("c", "web", NIGHT + 3_600_000, "v1", value="6", visit={"session_id": "s2"}),
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_most_trusted_report_counts_in_whatever_order_they_come(order: tuple[int, ...]) -> None:
    reports = of_three()
    tables = tables_of([reports[at] for at in order])
    assert tables["sales_daily"] == [(SATURDAY, "EUR", 1, 1, "5.0000", "0.0000", "0.0000", "5.0000", "5.0000", 1, 1, 0)]
    assert tables["folded_orders"] == [
        (FRIDAY, "o", "a", "web", "EUR", "6.0000", "b"),
        (SATURDAY, "o", "c", "web", "EUR", "6.0000", "b"),
    ]
    assert [row[1:] for row in tables["activity_minutely"]] == [
        (1, 0, 0, 0, 0, 0, 1),
        (1, 0, 0, 0, 0, 1, 1),
        (1, 0, 0, 0, 0, 0, 1),
    ]
    assert tables["product_activity_daily"] == [(SATURDAY, "p", 0, 0, 1, None, None)]


def test_an_order_is_bought_in_the_session_that_a_report_has_for_what_the_one_that_counts_says() -> None:
    sessions = {row[1]: row[12:15] for row in tables_of(of_three())["sessions"]}
    assert sessions == {"s1": (1, "EUR", "5.0000"), "s2": (0, None, None)}


@pytest.mark.parametrize(
    ("first", "second", "counted"),
    [
        (("z", "web", 2), ("y", "web", 1), "y"),
        (("z", "web", 1), ("y", "web", 1), "y"),
        (("z", "erp", 2), ("y", "web", 1), "z"),
        (("z", "erp", 2), ("y", "backend", 1), "z"),
        (("z", "elsewhere", 2), ("y", "web", 1), "y"),
    ],
)
def test_a_listed_source_counts_first_then_the_earlier_report_then_the_smaller_id(
    first: tuple[str, str, int], second: tuple[str, str, int], counted: str
) -> None:
    ledger = Ledger("UTC", DAY_MS, 0, OrderRules(sources=("erp", "backend")))
    for made in (report(*first, value="1"), report(*second, value="1")):
        ledger.receive(made.time_ms, made)
    (row,) = next(table for table in ledger.tables() if table.name == "folded_orders").rows
    assert row[-1] == counted


def test_without_folding_every_purchase_is_an_order() -> None:
    ledger = ledger_of(Settings(fold_orders=False), Plan(1))
    for made in of_three():
        ledger.receive(made.time_ms, made)
    tables = {table.name: table.rows for table in ledger.tables()}
    assert tables["folded_orders"] == []
    assert sum(row[2] for row in tables["sales_daily"]) == 3


def test_a_ledger_goes_on_after_its_tables_were_asked_for() -> None:
    ledger = Ledger("UTC", DAY_MS, 0)
    counted = []
    for made in of_three():
        ledger.receive(made.time_ms, made)
        tables = {table.name: table.rows for table in ledger.tables()}
        counted.append((sum(row[2] for row in tables["sales_daily"]), len(tables["folded_orders"])))
    assert counted == [(1, 0), (1, 1), (1, 2)]


def test_the_simulated_shop_reports_orders_twice() -> None:
    ledger = Ledger("UTC", DAY_MS * 7, 600_000)
    for received_ms, _, made, form in Simulation(Plan(20_000, 3, frozenset(Trouble))).records():
        ledger.receive(received_ms, made, form.reason if form else None)
    tables = {table.name: table.rows for table in ledger.tables()}
    orders, folded = sum(row[2] for row in tables["sales_daily"]), tables["folded_orders"]
    assert 0.2 < len(folded) / orders < 0.5
    assert {row[3] for row in folded} == {"web", "app"}
    assert {row[12] for row in tables["sessions"] if str(row[1]).endswith("-again")} == {0}
