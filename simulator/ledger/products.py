"""What was sold of each product, and how it was looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Final

from simulator.events import Event
from simulator.ledger.books import AMOUNT, COUNT, DAY, RATE, TEXT, Table, amount_cell, lines_of, rate_cell
from simulator.ledger.orders import Orders

_VIEWS: Final = 0
_CART_ADDITIONS: Final = 1
_PURCHASES: Final = 2
_COLUMN_OF: Final = {"view_item": _VIEWS, "add_to_cart": _CART_ADDITIONS}


class Products:
    """The book of products.

    Args:
        orders: Has the purchases that count, refunds and cancellations.
    """

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._activity: defaultdict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0, 0])

    def enter(self, event: Event, day: date, minute: int) -> None:  # noqa: ARG002
        """Enter an event."""
        kind = event.event_type
        if kind in _COLUMN_OF:
            self._activity[day, event.body.fields["product_id"]][_COLUMN_OF[kind]] += 1

    def _sold(self) -> dict[tuple[date, str, str], list[int]]:
        """Day, currency and product -> lines, units and revenue of purchases, units and amount of refunds."""
        sold: defaultdict[tuple[date, str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
        for event, day, _ in self._orders.booked():
            for line in lines_of(event):
                account = sold[day, event.body.fields["currency"], line.product_id]
                if event.event_type == "refund":
                    account[3] += line.quantity
                    account[4] += line.cost
                elif event.event_type == "purchase":
                    account[0] += 1
                    account[1] += line.quantity
                    account[2] += line.cost
        return {key: account for key, account in sold.items() if any(account)}

    def tables(self) -> Iterator[Table]:
        """products_daily, product_activity_daily."""
        bought_lines = self._sold()
        done = defaultdict(lambda: [0, 0, 0], {key: list(counts) for key, counts in self._activity.items()})
        for (day, _, product), (lines, *_) in bought_lines.items():
            if lines:
                done[day, product][_PURCHASES] += lines
        sold = {"purchases": COUNT, "units": COUNT, "revenue": AMOUNT, "returned_units": COUNT, "refunded": AMOUNT}
        yield Table.of(
            "products_daily",
            {"day": DAY, "currency": TEXT, "product_id": TEXT, **sold},
            3,
            (
                (day.isoformat(), cur, product, lines, units, amount_cell(revenue), returned, amount_cell(refunded))
                for (day, cur, product), (lines, units, revenue, returned, refunded) in bought_lines.items()
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
                for (day, product), (views, carts, bought) in done.items()
            ),
        )
