"""Sales by day and by minute, and revenue by country, channel and category."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from simulator.events import Event
from simulator.ledger.books import (
    AMOUNT,
    COUNT,
    DAY,
    INSTANT,
    RATE,
    TEXT,
    Table,
    amount_cell,
    lines_of,
    mean_cell,
    rate_cell,
    value_of,
)
from simulator.ledger.calendar import MINUTE_MS, instant

UNKNOWN: Final = "(unknown)"
_PERIOD_COLUMNS: Final = {
    "orders": COUNT,
    "units": COUNT,
    "gross": AMOUNT,
    "refunds": AMOUNT,
    "cancelled": AMOUNT,
    "net": AMOUNT,
    "average_order_value": AMOUNT,
}


@dataclass(slots=True)
class _Sales:
    """What was sold and given back in one period and currency."""

    orders: int = 0
    units: int = 0
    gross: int = 0
    refunds: int = 0
    cancelled: int = 0
    buyers: set[str] = field(default_factory=set)

    def cells(self) -> tuple[int | str | None, ...]:
        return (
            self.orders,
            self.units,
            amount_cell(self.gross),
            amount_cell(self.refunds),
            amount_cell(self.cancelled),
            amount_cell(self.gross - self.refunds - self.cancelled),
            mean_cell(self.gross, self.orders),
        )


class Sales:
    """The book of purchases, refunds and cancellations."""

    def __init__(self) -> None:
        self._daily: defaultdict[tuple[date, str], _Sales] = defaultdict(_Sales)
        self._minutely: defaultdict[tuple[int, str], _Sales] = defaultdict(_Sales)
        self._first: dict[str, tuple[int, str, date, str]] = {}
        self._breakdown: defaultdict[tuple[date, str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])

    def enter(self, event: Event, day: date, minute: int) -> None:
        """Enter an event."""
        if event.event_type not in ("purchase", "refund", "order_cancelled"):
            return
        currency = event.body.fields["currency"]
        periods = (self._daily[day, currency], self._minutely[minute, currency])
        value = value_of(event)
        if event.event_type == "purchase":
            self._enter_purchase(event, day, periods, value)
            return
        for period in periods:
            if event.event_type == "refund":
                period.refunds += value
            else:
                period.cancelled += value

    def _enter_purchase(self, event: Event, day: date, periods: tuple[_Sales, _Sales], value: int) -> None:
        lines, user = lines_of(event), event.visit.user_id
        currency = event.body.fields["currency"]
        units = sum(line.quantity for line in lines)
        for period in periods:
            period.orders += 1
            period.units += units
            period.gross += value
        periods[0].buyers.add(user)
        purchase = (event.time_ms, event.event_id, day, currency)
        self._first[user] = min(purchase, self._first.get(user, purchase))
        self._break_down((day, currency, "country", event.visit.country or UNKNOWN), units, value)
        self._break_down((day, currency, "channel", event.visit.channel or UNKNOWN), units, value)
        for line in lines:
            self._break_down((day, currency, "category", line.category or UNKNOWN), line.quantity, line.cost)

    def _break_down(self, key: tuple[date, str, str, str], units: int, revenue: int) -> None:
        account = self._breakdown[key]
        account[0] += 1
        account[1] += units
        account[2] += revenue

    def tables(self) -> Iterator[Table]:
        """sales_daily, sales_minutely, revenue_breakdown_daily, orders_by_channel_daily."""
        new_buyers: defaultdict[tuple[date, str], int] = defaultdict(int)
        for _, _, day, currency in self._first.values():
            new_buyers[day, currency] += 1
        people = {"buyers": COUNT, "new_buyers": COUNT, "returning_buyers": COUNT}
        yield Table.of(
            "sales_daily",
            {"day": DAY, "currency": TEXT, **_PERIOD_COLUMNS, **people},
            2,
            (
                (key[0].isoformat(), key[1], *sales.cells(), len(sales.buyers), new, len(sales.buyers) - new)
                for key, sales in self._daily.items()
                for new in [new_buyers[key]]
            ),
        )
        yield Table.of(
            "sales_minutely",
            {"minute": INSTANT, "currency": TEXT, **_PERIOD_COLUMNS},
            2,
            ((instant(minute * MINUTE_MS), cur, *sales.cells()) for (minute, cur), sales in self._minutely.items()),
        )
        grain = {"day": DAY, "currency": TEXT, "dimension": TEXT, "member": TEXT}
        yield Table.of(
            "revenue_breakdown_daily",
            {**grain, "orders": COUNT, "units": COUNT, "revenue": AMOUNT},
            4,
            (
                (day.isoformat(), *key, orders, units, amount_cell(revenue))
                for (day, *key), (orders, units, revenue) in self._breakdown.items()
            ),
        )
        yield self._orders_by_channel()

    def _orders_by_channel(self) -> Table:
        by_channel: defaultdict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0])
        for (day, _, dimension, member), (orders, units, _) in self._breakdown.items():
            if dimension == "channel":
                account = by_channel[day, member]
                account[0] += orders
                account[1] += units
        return Table.of(
            "orders_by_channel_daily",
            {"day": DAY, "channel": TEXT, "orders": COUNT, "units": COUNT, "average_items_per_order": RATE},
            2,
            (
                (day.isoformat(), channel, orders, units, rate_cell(units, orders))
                for (day, channel), (orders, units) in by_channel.items()
            ),
        )
