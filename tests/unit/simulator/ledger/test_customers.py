"""Orders of customers whose figures are worked out by hand."""

from simulator.events import Event
from tests.unit.simulator.ledger.conftest import berlin, event, tables_of


def bought(event_id: str, order_id: str, at: str, user: str, value: str, **visit: str) -> Event:
    lines = [("p1", 2, "1"), ("p2", 3, "1")]
    return event(
        event_id, "purchase", berlin(at), user, visit, order_id=order_id, currency="EUR", value=value, items=lines
    )


def given_back(event_id: str, event_type: str, order_id: str, at: str, user: str, value: str) -> Event:
    return event(event_id, event_type, berlin(at), user, order_id=order_id, currency="EUR", value=value)


def test_each_day_of_an_order_is_a_row() -> None:
    events = [
        given_back("e2", "refund", "o1", "2026-03-31T10:00:00", "ada", "1.5"),
        bought("e1", "o1", "2026-03-29T00:00:00", "ada", "5", anonymous_id="v1"),
        bought("e3", "o2", "2026-03-30T00:00:00", "v2", "5", anonymous_id="v2"),
        given_back("e4", "order_cancelled", "o2", "2026-03-30T01:00:00", "v2", "5"),
        given_back("e5", "refund", "o1", "2026-03-31T23:59:59", "ada", "0.5"),
    ]

    rows = [
        ("2026-03-29", "o1", "ada", "EUR", 1, 1, 0, 5, "5.0000", "0.0000", "0.0000", "5.0000", 0),
        ("2026-03-30", "o2", "v2", "EUR", 1, 0, 1, 5, "5.0000", "0.0000", "5.0000", "0.0000", 1),
        ("2026-03-31", "o1", "ada", "EUR", 0, 0, 0, 0, "0.0000", "2.0000", "0.0000", "-2.0000", 0),
    ]
    assert tables_of(events)["customer_orders"] == rows


def test_an_order_stands_until_a_cancellation_leaves_nothing_of_it() -> None:
    days = ("2026-03-02", "2026-03-03")
    given = {
        "refunded": [("refund", "5")],
        "cancelled in part": [("order_cancelled", "4.9999")],
        "cancelled": [("order_cancelled", "5")],
        "the rest cancelled": [("refund", "3"), ("order_cancelled", "2")],
    }
    events = [bought(f"{name} 0", name, f"{days[0]}T10:00:00", "ada", "5") for name in given]
    for name, back in given.items():
        for number, (kind, value) in enumerate(back, 1):
            events.append(given_back(f"{name} {number}", kind, name, f"{days[1]}T10:00:00", "ada", value))

    standing = {row[1]: row[5] for row in tables_of(events)["customer_orders"] if row[0] == days[0]}
    assert standing == {"refunded": 1, "cancelled in part": 1, "cancelled": 0, "the rest cancelled": 0}
