"""Which report of an order counts, and which do not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from simulator.events import Event
from simulator.ledger.books import AMOUNT, DAY, TEXT, Table, amount_cell, value_of

PURCHASE: Final = "purchase"


@dataclass(frozen=True, slots=True)
class OrderRules:
    """How the shop's settings decide which report of an order counts, and what its amounts are.

    Attributes:
        is_folded: Whether purchases with one order_id are one order.
        sources: Sources of purchases, the most trusted first.
        is_tax_included: Whether values contain the tax.
    """

    is_folded: bool = True
    sources: tuple[str, ...] = ("backend",)
    is_tax_included: bool = True


class Entry(NamedTuple):
    """An event as the books take it: with its day of the shop and its minute."""

    event: Event
    day: date
    minute: int


class Orders:
    """Purchases, refunds and cancellations, and of several purchases with one order_id the one that counts.

    Which one counts may change with every further record, so books that count orders ask for them when their tables are
    wanted.

    Args:
        rules: Which one counts.
    """

    def __init__(self, rules: OrderRules) -> None:
        self._rules = rules
        self._reports: defaultdict[str, list[Entry]] = defaultdict(list)
        self._returns: list[Entry] = []

    def enter(self, event: Event, day: date, minute: int) -> None:
        """Enter a purchase, a refund or a cancellation."""
        entry = Entry(event, day, minute)
        if event.event_type == PURCHASE:
            order = event.body.fields["order_id"] if self._rules.is_folded else event.event_id
            self._reports[order].append(entry)
        else:
            self._returns.append(entry)

    def counted(self) -> Iterator[Entry]:
        """The purchases that count, one of each order."""
        for reports in self._reports.values():
            yield min(reports, key=self._precedence)

    def booked(self) -> Iterator[Entry]:
        """The purchases that count, refunds and cancellations."""
        yield from self.counted()
        yield from self._returns

    def in_sessions(self) -> Iterator[tuple[Event, Event]]:
        """Of each order with a purchase in a session that purchase, the best of several, and the one that counts."""
        for reports in self._reports.values():
            in_session = [entry for entry in reports if entry.event.visit.session_id]
            if in_session:
                yield min(in_session, key=self._precedence).event, min(reports, key=self._precedence).event

    def tables(self) -> Iterator[Table]:
        """folded_orders."""
        columns = ("day", "order_id", "event_id", "source", "currency")
        folded = [
            (entry, best.event)
            for reports in self._reports.values()
            for best in [min(reports, key=self._precedence)]
            for entry in reports
            if entry.event is not best.event
        ]
        yield Table.of(
            "folded_orders",
            {**dict.fromkeys(columns, TEXT), "day": DAY, "value": AMOUNT, "counted_event_id": TEXT},
            3,
            (
                (
                    day.isoformat(),
                    event.body.fields["order_id"],
                    event.event_id,
                    event.visit.fields["source"],
                    event.body.fields["currency"],
                    amount_cell(value_of(event)),
                    best.event_id,
                )
                for (event, day, _), best in folded
            ),
        )

    def _precedence(self, entry: Entry) -> tuple[int, int, str]:
        """The least one counts: of the most trusted source, then the earliest, then of the smallest id."""
        source, sources = entry.event.visit.fields["source"], self._rules.sources
        rank = sources.index(source) if source in sources else len(sources)
        return rank, entry.event.time_ms, entry.event.event_id
