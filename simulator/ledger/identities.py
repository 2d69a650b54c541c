"""Who the visitor of a device became, and whose an anonymous event is, as docs/metrics.md defines it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from simulator.events import Event
from simulator.ledger.books import COUNT, DAY, INSTANT, TEXT, Table
from simulator.ledger.calendar import MINUTE_MS, instant

LINKS: Final = ("user_identified", "user_login", "user_registered", "purchase")
VISIT_WITHOUT_SESSION_MS: Final = 30 * MINUTE_MS
REACH_MS: Final = 30 * 24 * 60 * MINUTE_MS
"""How far back a link says who a visitor was."""


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """A visitor became a user."""

    time_ms: int
    event_id: str
    session_id: str
    user_id: str

    def is_in_visit(self, session_id: str, time_ms: int) -> bool:
        """Whether it is of the visit of an event, not before it."""
        since_ms = self.time_ms - time_ms
        if self.session_id and session_id:
            return self.session_id == session_id and 0 <= since_ms <= REACH_MS
        return 0 <= since_ms <= VISIT_WITHOUT_SESSION_MS


@dataclass(slots=True)
class Visitor:
    """What is known of one visitor."""

    links: list[Link] = field(default_factory=list)
    sign_outs: list[int] = field(default_factory=list)

    def person_at(self, session_id: str, time_ms: int) -> str | None:
        """The user to whom an anonymous event belongs; None where it is the visitor's own."""
        in_visit = [link for link in self.links if link.is_in_visit(session_id, time_ms)]
        if in_visit:
            return min(in_visit).user_id
        before = [link for link in self.links if link.time_ms <= time_ms]
        if before:
            last = max(before)
            has_left = any(last.time_ms <= sign_out <= time_ms for sign_out in self.sign_outs)
            return None if has_left else last.user_id
        afterwards = [link for link in self.links if link.time_ms <= time_ms + REACH_MS]
        return min(afterwards).user_id if afterwards else None


class Identities:
    """The book of links and sign-outs."""

    def __init__(self) -> None:
        self._visitors: defaultdict[str, Visitor] = defaultdict(Visitor)
        self._rows: dict[tuple[date, str, str, str], list[int]] = {}

    def enter(self, event: Event, day: date, minute: int) -> None:  # noqa: ARG002
        """Enter an event."""
        visitor = event.visit.fields.get("anonymous_id")
        if not visitor:
            return
        session, user = event.visit.session_id or "", event.visit.user_id
        if event.event_type == "user_logout":
            self._visitors[visitor].sign_outs.append(event.time_ms)
            self._enter_row((day, visitor, session, ""), event.time_ms)
        elif event.event_type in LINKS and user not in ("", visitor):
            self._visitors[visitor].links.append(Link(event.time_ms, event.event_id, session, user))
            self._enter_row((day, visitor, session, user), event.time_ms)

    def person_of(self, visitor: str, session_id: str, time_ms: int) -> str:
        """The person to whom an anonymous event belongs, once every event is entered: a user or the visitor."""
        known = self._visitors.get(visitor)
        return (known and known.person_at(session_id, time_ms)) or visitor

    def tables(self) -> Iterator[Table]:
        """The table identities."""
        key = {"day": DAY, "anonymous_id": TEXT, "session_id": TEXT, "user_id": TEXT}
        yield Table.of(
            "identities",
            {**key, "first_at": INSTANT, "last_at": INSTANT, "events": COUNT},
            len(key),
            (
                (day.isoformat(), *names, instant(first), instant(last), events)
                for (day, *names), (first, last, events) in self._rows.items()
            ),
        )

    def _enter_row(self, key: tuple[date, str, str, str], time_ms: int) -> None:
        first, last, events = self._rows.get(key, (time_ms, time_ms, 0))
        self._rows[key] = [min(first, time_ms), max(last, time_ms), events + 1]
