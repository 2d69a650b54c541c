"""Small histories whose figures are worked out by hand: users, sessions, searches, payments, minutes."""

import pytest

from simulator.events import Event
from simulator.ledger.books import Cell
from tests.unit.simulator.ledger.conftest import berlin, event, tables_of, utc

FRIDAY, SATURDAY, SUNDAY = "2026-03-27", "2026-03-28", "2026-03-29"


def test_users_by_day_across_the_change_of_the_clocks() -> None:
    history = [
        event("e1", "page_view", berlin("2026-02-27T12:00:00"), "old"),
        event("e2", "page_view", berlin("2026-02-28T12:00:00"), "older"),
        event("e3", "page_view", berlin("2026-03-22T23:59:59"), "week-ago"),
        event("e4", "page_view", berlin("2026-03-23T00:00:00"), "ada"),
        event("e5", "user_registered", berlin("2026-03-29T00:00:00"), "bob"),  # 23:00 UTC of the 28th
        event("e6", "page_view", berlin("2026-03-29T23:59:59"), "ada"),  # 21:59 UTC
        event("e7", "page_view", berlin("2026-03-29T03:00:00"), "bob"),
        event("e8", "stock_changed", berlin("2026-03-30T12:00:00"), "", product_id="p", quantity=1),
    ]
    tables = tables_of(history)
    assert tables["users_daily"] == [
        # active, new, registrations, total, week, month
        ("2026-02-27", 1, 1, 0, 1, 1, 1),
        ("2026-02-28", 1, 1, 0, 2, 2, 2),
        ("2026-03-22", 1, 1, 0, 3, 1, 3),
        ("2026-03-23", 1, 1, 0, 4, 2, 4),
        # the week is from the 23rd on, the month from the 28th of February on
        (SUNDAY, 2, 1, 1, 5, 2, 4),
    ]
    assert tables["user_days"] == [
        ("2026-02-27", "old"),
        ("2026-02-28", "older"),
        ("2026-03-22", "week-ago"),
        ("2026-03-23", "ada"),
        (SUNDAY, "ada"),
        (SUNDAY, "bob"),
    ]


VISIT = {"session_id": "s1", "device": "mobile", "channel": "paid", "country": "DE"}


def shopping() -> list[Event]:
    """A visit that begins on Saturday evening and ends with a purchase on Sunday."""
    start = berlin("2026-03-28T23:59:50")
    money = {"order_id": "o", "currency": "EUR", "value": "4.5000"}
    return [
        event("b", "page_view", start, "v1", VISIT, page_url="https://shop.example/b"),
        event("a", "page_view", start, "v1", VISIT | {"device": "tablet"}, page_url="https://shop.example/a"),
        event("c", "view_item", start + 1_000, "v1", VISIT, product_id="p"),
        event("d", "add_to_cart", start + 2_000, "v1", VISIT, product_id="p", quantity=3),
        event("e", "begin_checkout", start + 20_000, "ada", VISIT),
        event("f", "payment_initiated", start + 20_000, "ada", VISIT, payment_id="x", **money),
        event("g", "purchase", start + 20_000, "ada", VISIT, **money, items=[("p", 3, "1.5")]),
    ]


def test_a_session_is_described_by_its_earliest_event() -> None:
    (row,) = tables_of(shopping())["sessions"]
    assert row == (
        SATURDAY,
        "s1",
        "v1",
        "2026-03-28T22:59:50.000Z",
        "2026-03-28T23:00:10.000Z",
        7,
        2,
        "https://shop.example/a",
        "tablet",
        "paid",
        "DE",
        1,
        1,
        "EUR",
        "4.5000",
        5,
    )


def test_the_funnel_counts_sessions_on_the_day_on_which_they_start() -> None:
    noon = berlin("2026-03-29T12:00:00")
    others = [
        # a cart that nobody bought, without a view before it
        event("h", "add_to_cart", noon, "bob", {"session_id": "s2"}, product_id="p", quantity=1),
        event("i", "view_item", noon + 1, "bob", {"session_id": "s2"}, product_id="p"),
        # a purchase at one click: converted, but no step behind the first
        event("j", "view_item", noon, "bob", {"session_id": "s3"}, product_id="p"),
        event(
            "k",
            "purchase",
            noon,
            "bob",
            {"session_id": "s3"},
            order_id="k",
            currency="EUR",
            value="1",
            items=[("p", 1, "1")],
        ),
        event("l", "page_view", noon, "cleo", {"session_id": "s4"}),
        event("m", "view_item", noon, "nobody's session", product_id="p"),
    ]
    assert tables_of([*shopping(), *others])["funnel_daily"] == [
        (SATURDAY, 1, 1, 1, 1, 1, 1, 1, 1, "1", 1, 0, "0"),
        (SUNDAY, 3, 2, 2, 0, 0, 0, 0, 1, "1/3", 1, 1, "1"),
    ]


STEPS = {
    "v": "view_item",
    "c": "add_to_cart",
    "k": "begin_checkout",
    "p": "payment_initiated",
    "b": "purchase",
    "o": "page_view",
}


@pytest.mark.parametrize(
    ("walk", "reached"),
    [
        ("o0", 0),
        ("c0 b1", 0),
        ("v0", 1),
        ("v0 c0 k0 p0 b0", 5),
        ("b0 p0 k0 c0 v0", 5),
        ("c0 v1", 1),
        ("c0 v1 c2", 2),
        ("v0 k1 c2", 2),
        ("v0 k1 c2 k3", 3),
        ("v0 c1 p2 b3", 2),
        ("v5 c6 v1 c0 k7", 3),
        ("v1 c2 k3 b4 p5", 4),
    ],
)
def test_steps_count_as_far_as_they_were_taken_in_order(walk: str, reached: int) -> None:
    def happened(at: int, step: str) -> Event:
        money = {"order_id": "o", "payment_id": "x", "currency": "EUR", "value": "1", "items": [("p", 1, "1")]}
        body = {"product_id": "p", "quantity": 1} if step[0] in "vc" else money
        return event(f"e{at}", STEPS[step[0]], int(step[1:]), "ada", {"session_id": "s"}, **body)

    (row,) = tables_of([happened(at, step) for at, step in enumerate(walk.split())])["sessions"]
    assert row[-1] == reached


@pytest.mark.parametrize(
    ("currencies", "expected"),
    [((), (None, None)), (("EUR", "EUR"), ("EUR", "2.0000")), (("EUR", "GBP"), (None, None))],
)
def test_revenue_of_a_session_has_one_currency_or_none(
    currencies: tuple[str, ...], expected: tuple[str | None, str | None]
) -> None:
    bought = [
        event(
            f"e{at}",
            "purchase",
            at,
            "ada",
            {"session_id": "s"},
            order_id=f"o{at}",
            currency=currency,
            value="1",
            items=[("p", 1, "1")],
        )
        for at, currency in enumerate(currencies)
    ]
    looked: list[Event] = [event("v", "view_item", 0, "ada", {"session_id": "s"}, product_id="p")]
    (row,) = tables_of([*looked, *bought])["sessions"]
    assert row[13:15] == expected


def test_carts_by_day() -> None:
    noon = utc("2026-03-27T12:00:00")
    history = [
        event("a", "add_to_cart", noon, product_id="p", quantity=3),
        event("b", "add_to_cart", noon, product_id="p", quantity=2),
        event("c", "remove_from_cart", noon, product_id="p", quantity=4),
        event("d", "remove_from_cart", utc("2026-03-27T23:00:00"), product_id="p", quantity=1),
    ]
    assert tables_of(history)["carts_daily"] == [(FRIDAY, 2, 1, 5, 4), (SATURDAY, 0, 1, 0, 1)]


def test_searches_by_day_and_query() -> None:
    noon = utc("2026-03-27T12:00:00")
    history = [
        event("a", "search", noon, search_query=" Größe L ", search_results=0),
        event("b", "search", noon, search_query="GRÖSSE l", search_results=7),
        event("c", "search", noon, search_query="größe l"),
        event("d", "select_item", noon, product_id="p", search_query="Größe L"),
        event("e", "select_item", noon, product_id="p"),
        event("f", "select_item", noon, product_id="p", search_query="lamp"),
    ]
    tables = tables_of(history)
    assert tables["search_daily"] == [(FRIDAY, 3, 1, 2, "1/3", "2/3")]
    expected: list[tuple[Cell, ...]] = [
        (FRIDAY, "grösse l", 1, 0, 0, "0", "0"),
        (FRIDAY, "größe l", 2, 1, 1, "1/2", "1/2"),
        (FRIDAY, "lamp", 0, 0, 1, None, None),
    ]
    assert sorted(tables["search_queries_daily"], key=str) == sorted(expected, key=str)


def test_payments_by_day_and_by_reason() -> None:
    noon = utc("2026-03-27T12:00:00")

    def paid(event_id: str, kind: str, currency: str, value: str, **more: str) -> Event:
        return event(event_id, f"payment_{kind}", noon, payment_id=event_id, currency=currency, value=value, **more)

    history = [
        paid("a", "initiated", "EUR", "3.0000"),
        paid("b", "failed", "EUR", "3.0000", reason="declined"),
        paid("c", "failed", "EUR", "0.5000", reason="declined"),
        paid("d", "succeeded", "EUR", "3.0000"),
        paid("e", "initiated", "USD", "1.0000"),
        paid("f", "failed", "GBP", "1.0000", reason="expired"),
    ]
    tables = tables_of(history)
    assert tables["payments_daily"] == [
        (FRIDAY, "EUR", 1, 1, 2, "3.0000", "1/3"),
        (FRIDAY, "GBP", 0, 0, 1, "0.0000", "0"),
        (FRIDAY, "USD", 1, 0, 0, "0.0000", None),
    ]
    assert tables["payment_failures_daily"] == [
        (FRIDAY, "EUR", "declined", 2, "3.5000"),
        (FRIDAY, "GBP", "expired", 1, "1.0000"),
    ]


def test_activity_by_minute_leaves_out_what_has_no_user() -> None:
    start = utc("2026-03-29T00:59:00")
    history = [
        event("a", "page_view", start, "ada"),
        event("b", "view_item", start + 59_999, "bob", product_id="p"),
        event("c", "view_item", start + 1, "ada", product_id="p"),
        event("d", "stock_changed", start, "", product_id="p", quantity=1),
        event("e", "search", start + 60_000, "ada", search_query="x"),
        event("f", "add_to_cart", start + 60_001, "ada", product_id="p", quantity=9),
        event("g", "product_updated", start + 120_000, "", product_id="p"),
    ]
    assert tables_of(history)["activity_minutely"] == [
        ("2026-03-29T00:59:00.000Z", 3, 1, 2, 0, 0, 0, 2),
        ("2026-03-29T01:00:00.000Z", 2, 0, 0, 1, 1, 0, 1),
    ]
