"""A ledger of events that a test lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from simulator.events import Body, Event, Visit
from simulator.ledger.books import Cell
from simulator.ledger.ledger import Ledger

Tables = Mapping[str, list[tuple[Cell, ...]]]
DAY_MS = 86_400_000
AMOUNTS = ("value", "price", "tax", "shipping", "discount")


def berlin(text: str) -> int:
    """A time on the clocks of Berlin, epoch milliseconds."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp() * 1000)


def utc(text: str) -> int:
    return round(datetime.fromisoformat(f"{text}+00:00").timestamp() * 1000)


def event(
    event_id: str, event_type: str, time_ms: int, user: str = "ada", visit: Mapping[str, str] | None = None, **body: Any
) -> Event:
    """An event; amounts may be texts."""
    amounts = {name: Decimal(body[name]) for name in AMOUNTS if name in body}
    items = {"items": [line(*given) for given in body["items"]]} if "items" in body else {}
    return Event(
        event_id, event_type, time_ms, Visit(user, "test", **(visit or {})), Body({**body, **amounts, **items})
    )


def line(product_id: str, quantity: int, price: str, category: str | None = None) -> dict[str, Any]:
    return {"product_id": product_id, "quantity": quantity, "price": Decimal(price), "category": category}


def tables_of(events: list[Event], time_zone: str = "Europe/Berlin") -> Tables:
    """The rows of every table after these events, each received when it happened."""
    ledger = Ledger(time_zone, 7 * DAY_MS, 600_000)
    for event in events:
        ledger.receive(event.time_ms, event)
    return {table.name: table.rows for table in ledger.tables()}


@pytest.fixture
def ledger() -> Callable[[int, int], Ledger]:
    return lambda lateness_ms, skew_ms: Ledger("UTC", lateness_ms, skew_ms)
