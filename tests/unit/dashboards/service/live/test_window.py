from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboards.service.live.window import ORDERS, ORDERS_TABLE, SESSIONS, Change, Window
from schemas.recommendations import utc_text

START = datetime(2026, 6, 1, 12, tzinfo=UTC)


def at(minutes: float) -> str:
    return utc_text(START + timedelta(minutes=minutes))


def sales(minute: float, orders: int, offset: int = 0) -> Change:
    row = {"minute": at(minute), "currency": "GBP", "orders": orders}
    return Change("sales_minutely", (at(minute), "GBP"), row, f"metrics-sales-minutely-0:{offset}", 1)


def session(number: int, ended: float, **more: Any) -> Change:
    row = {"session_id": f"s{number}", "user_id": f"u{number}", "ended_at": at(ended)}
    counts = {"cart_additions": 0, "purchases": 0, "steps": 0, **more}
    return Change(SESSIONS, (f"s{number}",), row | counts, "metrics-sessions-0:1", 1)


def order(number: int) -> Change:
    return Change(ORDERS_TABLE, (f"e{number}",), {"event_id": f"e{number}", "at": at(number)}, "events-0:1", 1)


def orders_by_minute(window: Window) -> dict[str, int]:
    return {row["minute"]: row["orders"] for row in window.tables()["sales_minutely"]}


def test_a_row_replaces_the_one_with_its_key() -> None:
    window = Window()
    assert [change.row for change in window.apply([sales(0, 1), sales(0, 2)])] == [sales(0, 2).row]
    assert orders_by_minute(window) == {at(0): 2}


def test_what_the_window_has_already_is_no_change() -> None:
    window = Window()
    window.apply([sales(0, 1)])
    assert window.apply([sales(0, 1)]) == []


def test_a_minute_leaves_after_an_hour_and_a_late_change_of_it_does_not_come_back() -> None:
    window = Window()
    window.apply([sales(0, 1), sales(59, 2)])
    assert orders_by_minute(window) == {at(0): 1, at(59): 2}

    window.apply([sales(60, 3)])
    assert window.apply([sales(0, 9)]) == []
    assert orders_by_minute(window) == {at(59): 2, at(60): 3}


def test_a_row_that_is_gone_is_removed() -> None:
    window = Window()
    window.apply([sales(0, 1)])
    gone = Change("sales_minutely", (at(0), "GBP"), None, "", 1)
    assert window.apply([gone]) == [gone]
    assert window.apply([gone]) == []
    assert orders_by_minute(window) == {}


def test_the_last_orders_stay_the_newest_first() -> None:
    window = Window()
    shown = window.apply([order(number) for number in range(ORDERS + 5)])
    rows = window.tables()[ORDERS_TABLE]

    assert len(shown) == ORDERS + 5
    assert [row["event_id"] for row in rows] == [f"e{number}" for number in reversed(range(5, ORDERS + 5))]
    assert window.apply([order(0)]) == []  # older than all of them
    assert window.apply([order(ORDERS + 4)]) == []  # there already


def test_visitors_are_those_of_the_minutes_before_the_newest_event() -> None:
    window = Window()
    window.apply(
        [
            session(1, 0),
            session(2, 10, cart_additions=1),
            session(3, 26, cart_additions=2, steps=3),
            session(4, 30, cart_additions=1, purchases=1, steps=5),
        ]
    )
    change = window.changed_visits()

    assert change is not None
    assert change.row == {
        "newest_event": at(30),
        "visitors_5_minutes": 2,
        "visitors_30_minutes": 3,
        "open_carts": 2,
        "open_checkouts": 1,
    }
    assert not window.is_visited
    assert window.changed_visits() is None


def test_an_empty_window_knows_no_visitor() -> None:
    assert Window().tables()["visits"] == [
        {
            "newest_event": None,
            "visitors_5_minutes": 0,
            "visitors_30_minutes": 0,
            "open_carts": 0,
            "open_checkouts": 0,
        }
    ]


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 3)), max_size=40), st.integers(0, 40))
def test_reading_changes_again_from_before_the_seed_ends_with_the_same_rows(
    changes: list[tuple[int, int]], overlap: int
) -> None:
    in_order = [sales(minute, orders) for minute, orders in changes]
    once, seeded = Window(), Window()
    once.apply(in_order)
    seeded.apply(in_order)
    seeded.apply(in_order[max(0, len(in_order) - overlap) :])

    assert seeded.tables() == once.tables()
