"""Which persons were there on which day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from simulator.events import Event
from simulator.ledger.books import COUNT, DAY, TEXT, Table
from simulator.ledger.identities import Identities

WEEK_DAYS: Final = 7
MONTH_DAYS: Final = 30


class Users:
    """The book of users.

    Args:
        identities: Say whose anonymous events are.
    """

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self._signed_in: defaultdict[date, set[str]] = defaultdict(set)
        self._presences: dict[tuple[date, str, str], int] = {}
        self._registrations: defaultdict[date, int] = defaultdict(int)

    def enter(self, event: Event, day: date, minute: int) -> None:  # noqa: ARG002
        """Enter an event."""
        user = event.visit.user_id
        if not user:
            return
        if user == event.visit.fields.get("anonymous_id"):
            presence = (day, user, event.visit.session_id or "")
            self._presences[presence] = min(event.time_ms, self._presences.get(presence, event.time_ms))
        else:
            self._signed_in[day].add(user)
        if event.event_type == "user_registered":
            self._registrations[day] += 1

    def tables(self) -> Iterator[Table]:
        """user_days, users_daily."""
        days = self._persons_by_day()
        yield Table.of(
            "user_days",
            {"day": DAY, "user_id": TEXT},
            2,
            ((day.isoformat(), user) for day, users in days.items() for user in users),
        )
        columns = {
            "active_users": COUNT,
            "new_users": COUNT,
            "registrations": COUNT,
            "total_users": COUNT,
            "weekly_active_users": COUNT,
            "monthly_active_users": COUNT,
        }
        yield Table.of("users_daily", {"day": DAY, **columns}, 1, self._daily(days))

    def _persons_by_day(self) -> dict[date, set[str]]:
        days = defaultdict(set, {day: set(users) for day, users in self._signed_in.items()})
        for (day, visitor, session), first_ms in self._presences.items():
            days[day].add(self._identities.person_of(visitor, session, first_ms))
        return days

    def _daily(self, days: dict[date, set[str]]) -> Iterator[tuple[str | int, ...]]:
        seen: set[str] = set()
        for day in sorted(days):
            active = days[day]
            before = len(seen)
            seen |= active
            new, total = len(seen) - before, len(seen)
            week, month = _active(days, day, WEEK_DAYS), _active(days, day, MONTH_DAYS)
            yield day.isoformat(), len(active), new, self._registrations[day], total, week, month


def _active(days: dict[date, set[str]], last: date, length: int) -> int:
    """Distinct persons of so many days, the last one included."""
    window = (last - timedelta(days=back) for back in range(length))
    return len(set().union(*(days[day] for day in window if day in days)))
