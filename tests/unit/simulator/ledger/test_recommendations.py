"""Small histories whose figures are worked out by hand: what recommendations led to and earned.

The clocks of Berlin went forward on 29 March 2026: the seven days before a purchase on the 30th are 168 hours.
"""

from __future__ import annotations

from typing import Any

import pytest

from simulator.events import Event
from tests.unit.simulator.ledger.conftest import DAY_MS, berlin, event, tables_of

NOON = berlin("2026-03-30T12:00:00")
MONDAY, TUESDAY = "2026-03-30", "2026-03-31"
M1 = {"model_version": "m1", "recommendation_source": "personal"}
M2 = {"model_version": "m2", "recommendation_source": "similar", "experiment_arm": "size:b"}


def shown(event_id: str, user: str = "ada", products: tuple[str, ...] = (), **body: Any) -> Event:
    items = {"items": [(product, 1, "0") for product in products]} if products else {}
    return event(event_id, "recommendation_shown", NOON, user, **items, **body)


def clicked(event_id: str, time_ms: int, product: str = "p1", user: str = "ada", **body: Any) -> Event:
    return event(event_id, "recommendation_clicked", time_ms, user, product_id=product, **body)


def named(order: str | None, product: str = "p1", **body: Any) -> Event:
    return event(f"n-{order}", "recommendation_purchased", NOON, product_id=product, order_id=order, **body)


def bought(items: list[tuple[str, int, str]], value: str, order: str = "o", currency: str = "EUR") -> Event:
    return event(f"b-{order}", "purchase", NOON, order_id=order, currency=currency, value=value, items=items)


def returned(kind: str, value: str, order: str = "o", currency: str = "EUR", **body: Any) -> Event:
    return event(f"r-{kind}", kind, NOON + DAY_MS, order_id=order, currency=currency, value=value, **body)


def test_shown_products_count_at_their_rank_and_lists_users_and_products_by_model_and_source() -> None:
    tables = tables_of(
        [
            shown("s1", products=("p3", "p1"), **M1),
            shown("s2", products=("p1",), **M1, experiment_arm="size:a"),
            shown("s3", "bob", product_id="p9", position=4, **M1),
            shown("s4", "eve"),
            clicked("c1", NOON, **M1, position=2),
        ]
    )
    assert tables["recommendation_activity_daily"] == [
        (MONDAY, "m1", "personal", "", 1, 1, 0, 0, "0", None),
        (MONDAY, "m1", "personal", "", 2, 1, 1, 0, "1", "0"),
        (MONDAY, "m1", "personal", "", 4, 1, 0, 0, "0", None),
        (MONDAY, "m1", "personal", "size:a", 1, 1, 0, 0, "0", None),
    ]
    assert tables["recommendation_coverage_daily"] == [
        (MONDAY, "", "", 1, 1, 0, "0"),
        (MONDAY, "m1", "personal", 3, 2, 3, "1"),
    ]
    assert tables["recommendation_revenue_daily"] == []


@pytest.mark.parametrize(
    ("touches", "origin"),
    [
        ([clicked("c1", NOON - 1, **M1), clicked("c2", NOON - 2, **M2)], ("m1", "personal", "", 0)),
        ([clicked("c1", NOON, **M1), clicked("c2", NOON, **M2)], ("m2", "similar", "size:b", 0)),
        ([clicked("c1", NOON - 7 * DAY_MS, **M1, position=3)], ("m1", "personal", "", 3)),
        ([clicked("c1", NOON - 7 * DAY_MS - 1, **M1)], None),
        ([clicked("c1", NOON + 1, **M1)], None),
        ([clicked("c1", NOON, "p2", **M1)], None),
        ([clicked("c1", NOON, user="bob", **M1)], None),
        ([clicked("c1", NOON + 1, **M1), named("o", **M2)], ("m2", "similar", "size:b", 0)),
        ([clicked("c1", NOON - 1, **M1), named("o", **M2)], ("m1", "personal", "", 0)),
        ([named("o")], ("", "", "", 0)),
        ([named("another", **M2)], None),
        ([named(None, **M2)], None),
    ],
)
def test_a_product_is_attributed_to_the_last_click_of_seven_days_else_to_what_its_producer_says(
    touches: list[Event], origin: tuple[Any, ...] | None
) -> None:
    purchase = bought([("p1", 2, "5"), ("p1", 1, "1"), ("p3", 1, "4")], "15")
    tables = tables_of([*touches, purchase])
    earned = [(MONDAY, "EUR", *origin, 3, "11.0000", "0.0000", "0.0000", "11.0000")] if origin else []
    assert tables["recommendation_revenue_daily"] == earned
    purchases = [(row[0], *row[1:5]) for row in tables["recommendation_activity_daily"] if row[7]]
    assert purchases == ([(MONDAY, *origin)] if origin else [])


@pytest.mark.parametrize(
    ("back", "refunds", "cancelled"),
    [
        # of lines those of the product
        ([returned("refund", "9", items=[("p1", 1, "5"), ("p1", 1, "1"), ("p3", 1, "4")])], "6.0000", "0.0000"),
        # 2.00 * 11 / 15 = 1.46666...
        ([returned("refund", "2")], "1.4667", "0.0000"),
        ([returned("order_cancelled", "15")], "0.0000", "11.0000"),
        ([returned("refund", "2"), returned("order_cancelled", "15")], "1.4667", "11.0000"),
    ],
)
def test_what_comes_back_of_an_attributed_product_counts_on_its_own_day(
    back: list[Event], refunds: str, cancelled: str
) -> None:
    purchase = bought([("p1", 2, "5"), ("p1", 1, "1"), ("p3", 1, "4")], "15")
    _, row = tables_of([*back, purchase, clicked("c", NOON, **M1)])["recommendation_revenue_daily"]
    assert row[:2] == (TUESDAY, "EUR")
    assert row[6:10] == (0, "0.0000", refunds, cancelled)


@pytest.mark.parametrize(
    "back",
    [
        returned("refund", "4", items=[("p3", 1, "4")]),
        returned("refund", "2", order="another"),
        returned("order_cancelled", "15", currency="GBP"),
    ],
)
def test_what_comes_back_of_something_else_does_not_count(back: Event) -> None:
    purchase = bought([("p1", 2, "5"), ("p1", 1, "1"), ("p3", 1, "4")], "15")
    assert len(tables_of([back, purchase, clicked("c", NOON, **M1)])["recommendation_revenue_daily"]) == 1


@pytest.mark.parametrize(
    ("value", "price", "back", "share"),
    [("2.07", "1.03", "1.18", "0.5871"), ("1", "0.5", "0.0001", "0.0001"), ("0", "0", "0", "0.0000")],
)
def test_a_share_is_rounded_half_up_and_nothing_of_an_order_that_cost_nothing(
    value: str, price: str, back: str, share: str
) -> None:
    history = [bought([("p1", 1, price)], value), returned("refund", back), clicked("c", NOON)]
    _, row = tables_of(history)["recommendation_revenue_daily"]
    assert row[8] == share
