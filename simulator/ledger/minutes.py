"""What happened in each minute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Final

from simulator.events import Event
from simulator.ledger.books import COUNT, INSTANT, Table
from simulator.ledger.calendar import MINUTE_MS, instant
from simulator.ledger.orders import Orders

_COLUMN_OF: Final = {"page_view": 1, "view_item": 2, "add_to_cart": 3, "search": 4}


class Minutes:
    """The book of minutes.

    Args:
        orders: Has the purchases that count.
    """

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._minutes: dict[int, tuple[list[int], set[str]]] = {}

    def enter(self, event: Event, day: date, minute: int) -> None:  # noqa: ARG002
        """Enter an event."""
        if not event.visit.user_id:
            return
        account = self._minutes.get(minute)
        if account is None:
            account = self._minutes[minute] = ([0, 0, 0, 0, 0], set())
        counts, users = account
        counts[0] += 1
        users.add(event.visit.user_id)
        column = _COLUMN_OF.get(event.event_type)
        if column is not None:
            counts[column] += 1

    def tables(self) -> Iterator[Table]:
        """activity_minutely."""
        purchases = Counter(entry.minute for entry in self._orders.counted())
        names = ("events", "page_views", "views", "cart_additions", "searches", "purchases", "users")
        yield Table.of(
            "activity_minutely",
            {"minute": INSTANT, **dict.fromkeys(names, COUNT)},
            1,
            (
                (instant(minute * MINUTE_MS), *counts, purchases[minute], len(users))
                for minute, (counts, users) in self._minutes.items()
            ),
        )
