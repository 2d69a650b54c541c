"""What each day added to the orders of each customer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from simulator.events import Event
from simulator.ledger.books import AMOUNT, COUNT, DAY, TEXT, Table, amount_cell, lines_of, value_of


@dataclass(slots=True)
class _Order:
    """What was booked on one order in one day."""

    orders: int = 0
    guest_orders: int = 0
    units: int = 0
    gross: int = 0
    refunds: int = 0
    cancelled: int = 0
    cancellations: int = 0


class Customers:
    """The book of customers and their orders."""

    def __init__(self) -> None:
        self._orders: defaultdict[tuple[date, str, str, str], _Order] = defaultdict(_Order)

    def enter(self, event: Event, day: date, minute: int) -> None:  # noqa: ARG002
        """Enter an event."""
        if event.event_type not in ("purchase", "refund", "order_cancelled"):
            return
        fields, user = event.body.fields, event.visit.user_id
        order, value = self._orders[day, fields["order_id"], user, fields["currency"]], value_of(event)
        if event.event_type == "refund":
            order.refunds += value
        elif event.event_type == "order_cancelled":
            order.cancelled += value
            order.cancellations += 1
        else:
            order.orders += 1
            order.guest_orders += event.visit.fields.get("anonymous_id") == user
            order.units += sum(line.quantity for line in lines_of(event))
            order.gross += value

    def tables(self) -> Iterator[Table]:
        """customer_orders."""
        ended = self._ended()
        grain = {"day": DAY, "order_id": TEXT, "user_id": TEXT, "currency": TEXT}
        counts = {"orders": COUNT, "standing_orders": COUNT, "guest_orders": COUNT, "units": COUNT}
        amounts = {"gross": AMOUNT, "refunds": AMOUNT, "cancelled": AMOUNT, "net": AMOUNT}
        yield Table.of(
            "customer_orders",
            {**grain, **counts, **amounts, "cancellations": COUNT},
            4,
            (
                (
                    *(day.isoformat(), order_id, user, currency),
                    *(order.orders, int(order.orders > 0 and order_id not in ended), order.guest_orders, order.units),
                    *map(amount_cell, (order.gross, order.refunds, order.cancelled)),
                    amount_cell(order.gross - order.refunds - order.cancelled),
                    order.cancellations,
                )
                for (day, order_id, user, currency), order in self._orders.items()
            ),
        )

    def _ended(self) -> set[str]:
        """Orders that were cancelled and of which nothing is left in any currency."""
        cancelled = {order_id for (_, order_id, _, _), order in self._orders.items() if order.cancellations}
        left: defaultdict[tuple[str, str], int] = defaultdict(int)
        for (_, order_id, _, currency), order in self._orders.items():
            left[order_id, currency] += order.gross - order.refunds - order.cancelled
        return cancelled - {order_id for (order_id, _), amount in left.items() if amount > 0}
