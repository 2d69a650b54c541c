"""Who was there on which day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from simulator.events import Event
from simulator.ledger.books import COUNT, DAY, TEXT, Table

WEEK_DAYS: Final = 7
MONTH_DAYS: Final = 30


class Users:
    """The book of users."""

    def __init__(self) -> None:
        self._days: defaultdict[date, set[str]] = defaultdict(set)
        self._registrations: defaultdict[date, int] = defaultdict(int)

    def enter(self, event: Event, day: date, minute: int) -> None:  # noqa: ARG002
        """Enter an event."""
        if event.visit.user_id:
            self._days[day].add(event.visit.user_id)
            if event.event_type == "user_registered":
                self._registrations[day] += 1

    def tables(self) -> Iterator[Table]:
        """user_days, users_daily."""
        yield Table.of(
            "user_days",
            {"day": DAY, "user_id": TEXT},
            2,
            ((day.isoformat(), user) for day, users in self._days.items() for user in users),
        )
        columns = {
            "active_users": COUNT,
            "new_users": COUNT,
            "registrations": COUNT,
            "total_users": COUNT,
            "weekly_active_users": COUNT,
            "monthly_active_users": COUNT,
        }
        yield Table.of("users_daily", {"day": DAY, **columns}, 1, self._daily())

    def _daily(self) -> Iterator[tuple[str | int, ...]]:
        seen: set[str] = set()
        for day in sorted(self._days):
            active = self._days[day]
            before = len(seen)
            seen |= active
            new, total = len(seen) - before, len(seen)
            week, month = self._active(day, WEEK_DAYS), self._active(day, MONTH_DAYS)
            yield day.isoformat(), len(active), new, self._registrations[day], total, week, month

    def _active(self, last: date, days: int) -> int:
        """Distinct users of so many days, the last one included."""
        window = (last - timedelta(days=back) for back in range(days))
        return len(set().union(*(self._days[day] for day in window if day in self._days)))
