"""What was sold of each product, and how it was looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Final

from simulator.events import Event
from simulator.ledger.books import AMOUNT, COUNT, DAY, RATE, TEXT, Table, amount_cell, lines_of, rate_cell

_VIEWS: Final = 0
_CART_ADDITIONS: Final = 1
_PURCHASES: Final = 2
_COLUMN_OF: Final = {"view_item": _VIEWS, "add_to_cart": _CART_ADDITIONS}


class Products:
    """The book of products."""

    def __init__(self) -> None:
        self._sold: defaultdict[tuple[date, str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
        self._activity: defaultdict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0, 0])

    def enter(self, event: Event, day: date, minute: int) -> None:  # noqa: ARG002
        """Enter an event."""
        kind = event.event_type
        if kind in _COLUMN_OF:
            self._activity[day, event.body.fields["product_id"]][_COLUMN_OF[kind]] += 1
        elif kind in ("purchase", "refund"):
            self._enter_lines(event, day)

    def _enter_lines(self, event: Event, day: date) -> None:
        for line in lines_of(event):
            account = self._sold[day, event.body.fields["currency"], line.product_id]
            if event.event_type == "refund":
                account[3] += line.quantity
                account[4] += line.cost
                continue
            account[0] += 1
            account[1] += line.quantity
            account[2] += line.cost
            self._activity[day, line.product_id][_PURCHASES] += 1

    def tables(self) -> Iterator[Table]:
        """products_daily, product_activity_daily."""
        sold = {"purchases": COUNT, "units": COUNT, "revenue": AMOUNT, "returned_units": COUNT, "refunded": AMOUNT}
        yield Table.of(
            "products_daily",
            {"day": DAY, "currency": TEXT, "product_id": TEXT, **sold},
            3,
            (
                (day.isoformat(), cur, product, lines, units, amount_cell(revenue), returned, amount_cell(refunded))
                for (day, cur, product), (lines, units, revenue, returned, refunded) in self._sold.items()
            ),
        )
        activity = {
            "views": COUNT,
            "cart_additions": COUNT,
            "purchases": COUNT,
            "cart_rate": RATE,
            "purchase_rate": RATE,
        }
        yield Table.of(
            "product_activity_daily",
            {"day": DAY, "product_id": TEXT, **activity},
            2,
            (
                (day.isoformat(), product, views, carts, bought, rate_cell(carts, views), rate_cell(bought, views))
                for (day, product), (views, carts, bought) in self._activity.items()
            ),
        )
