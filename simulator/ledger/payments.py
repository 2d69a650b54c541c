"""Payments, and why they failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Final

from simulator.events import Event
from simulator.ledger.books import AMOUNT, COUNT, DAY, RATE, TEXT, Table, amount_cell, rate_cell, value_of

_COLUMN_OF: Final = {"payment_initiated": 0, "payment_succeeded": 1, "payment_failed": 2}


class Payments:
    """The book of payments."""

    def __init__(self) -> None:
        self._daily: defaultdict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        self._failures: defaultdict[tuple[date, str, str], list[int]] = defaultdict(lambda: [0, 0])

    def enter(self, event: Event, day: date, minute: int) -> None:  # noqa: ARG002
        """Enter an event."""
        column = _COLUMN_OF.get(event.event_type)
        if column is None:
            return
        currency = event.body.fields["currency"]
        account = self._daily[day, currency]
        account[column] += 1
        if event.event_type == "payment_succeeded":
            account[3] += value_of(event)
        elif event.event_type == "payment_failed":
            failure = self._failures[day, currency, event.body.fields["reason"]]
            failure[0] += 1
            failure[1] += value_of(event)

    def tables(self) -> Iterator[Table]:
        """payments_daily, payment_failures_daily."""
        counts = {"initiated": COUNT, "succeeded": COUNT, "failed": COUNT, "amount": AMOUNT, "success_rate": RATE}
        yield Table.of(
            "payments_daily",
            {"day": DAY, "currency": TEXT, **counts},
            2,
            (
                (day.isoformat(), cur, begun, done, failed, amount_cell(amount), rate_cell(done, done + failed))
                for (day, cur), (begun, done, failed, amount) in self._daily.items()
            ),
        )
        yield Table.of(
            "payment_failures_daily",
            {"day": DAY, "currency": TEXT, "reason": TEXT, "failed": COUNT, "amount": AMOUNT},
            3,
            (
                (day.isoformat(), cur, reason, failed, amount_cell(amount))
                for (day, cur, reason), (failed, amount) in self._failures.items()
            ),
        )
