"""Money as a shop books it."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.settings import Settings
from simulator.events import Event
from simulator.ledger.books import Cell
from simulator.ledger.ledger import ledger_of
from simulator.plan import Plan
from tests.unit.simulator.ledger.conftest import event, utc

MONDAY, TUESDAY = "2026-03-30", "2026-03-31"
NOON, NEXT = utc("2026-03-30T12:00:00"), utc("2026-03-31T12:00:00")
LINES: dict[str, Any] = {"currency": "EUR", "items": [("p", 2, "50")]}


def history() -> list[Event]:
    """An order of 100.00 with a tenth off, one of 30.00, and what was given back of them on the next day."""
    return [
        event(
            *("a", "purchase", NOON),
            **{
                "order_id": "o1",
                "value": "90",
                "discount": "10",
                "coupon": "TEN",
                "tax": "15",
                "shipping": "4.9",
                **LINES,
            },
        ),
        event("b", "purchase", NOON, order_id="o2", value="30", currency="EUR", items=[("p", 1, "30")]),
        event("c", "refund", NEXT, order_id="o1", value="45", **LINES),
        event("d", "refund", NEXT, order_id="o1", value="45", currency="EUR", shipping="4.9", tax="7.5"),
        event("e", "order_cancelled", NEXT, order_id="o2", value="30", currency="EUR"),
    ]


def rows(table: str, **settings: Any) -> list[dict[str, Cell]]:
    ledger = ledger_of(Settings(**settings), Plan(1))
    for made in history():
        ledger.receive(made.time_ms, made)
    booked = next(each for each in ledger.tables() if each.name == table)
    return [dict(zip(booked.columns, row, strict=True)) for row in booked.rows]


def test_gross_less_discounts_is_net_and_with_shipping_it_is_the_total_that_has_the_tax_in_it() -> None:
    sold, returned = rows("sales_booked_daily")
    assert sold == {
        **{"day": MONDAY, "currency": "EUR", "orders": 2, "coupon_orders": 1},
        **{"gross_merchandise": "130.0000", "discounts": "10.0000", "net_merchandise": "120.0000"},
        **{"shipping": "4.9000", "tax": "15.0000", "tax_on_top": "0.0000"},
        **{"total": "124.9000", "total_without_tax": "109.9000", "net_total": "124.9000"},
        **dict.fromkeys(("line_refunds", "order_refunds", "refunds", "cancelled"), "0.0000"),
        **dict.fromkeys(("returned_shipping", "returned_tax", "returned_tax_on_top"), "0.0000"),
        **{"average_gross_merchandise": "65.0000", "average_net_merchandise": "60.0000", "average_total": "62.4500"},
    }
    given_back = {name: returned[name] for name in ("line_refunds", "order_refunds", "refunds", "cancelled")}
    assert list(given_back.values()) == ["45.0000", "45.0000", "90.0000", "30.0000"]
    assert (returned["day"], returned["orders"], returned["average_total"]) == (TUESDAY, 0, None)
    assert (returned["returned_shipping"], returned["returned_tax"]) == ("4.9000", "7.5000")
    assert returned["net_total"] == "-124.9000"


@pytest.mark.parametrize(
    ("is_included", "total", "without_tax", "kept"),
    [(True, "124.9000", "109.9000", "-124.9000"), (False, "139.9000", "124.9000", "-132.4000")],
)
def test_tax_is_in_the_total_once_wherever_it_is_written(
    is_included: bool, total: str, without_tax: str, kept: str
) -> None:
    sold, returned = rows("sales_booked_daily", prices_include_tax=is_included)
    assert (sold["total"], sold["total_without_tax"], returned["net_total"]) == (total, without_tax, kept)


def test_orders_by_coupon() -> None:
    (row,) = rows("coupons_daily")
    assert list(row.values()) == [MONDAY, "EUR", "TEN", 1, "10.0000", "90.0000"]
