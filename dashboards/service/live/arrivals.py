"""How late events come, as the reader of live changes meets them, by the minute in which ingest passed them on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from schemas.recommendations import utc_text

MINUTES: Final = 60
LATE_SECONDS: Final = 600
"""From when an event is late: what a tracker sends again after a lost connection is there by then."""


class Arrival(NamedTuple):
    """An event as it came.

    Attributes:
        at_ms: When ingest passed it on, epoch milliseconds.
        event_ms: When it happened.
    """

    at_ms: int
    event_ms: int


@dataclass(slots=True)
class _Minute:
    events: int = 0
    late: int = 0


@dataclass(slots=True)
class Arrivals:
    """The events of the last MINUTES; used from the event loop alone.

    Attributes:
        clock: Seconds since the epoch.
    """

    clock: Callable[[], float] = time.time
    _since: float | None = None
    _minutes: dict[int, _Minute] = field(default_factory=dict)

    def begin(self) -> None:
        """Reading begins anew: what comes from now on counts, as nobody knows whether something was left out before."""
        self._since, self._minutes = self.clock(), {}

    def take(self, arrivals: Iterable[Arrival]) -> None:
        """Count events; those that ingest passed on before reading began do not count."""
        since_ms = (self._since or 0.0) * 1000
        for at_ms, event_ms in arrivals:
            if at_ms < since_ms:
                continue
            minute = self._minutes.setdefault(at_ms // 60_000, _Minute())
            minute.events += 1
            minute.late += at_ms - event_ms > LATE_SECONDS * 1000

    def report(self) -> dict[str, Any] | None:
        """Events, and how many of them were late, since a time; None while nothing is read."""
        if self._since is None:
            return None
        first = int(self.clock() // 60) - MINUTES + 1
        self._minutes = {minute: counts for minute, counts in self._minutes.items() if minute >= first}
        return {
            "since": utc_text(datetime.fromtimestamp(max(self._since, first * 60), UTC)),
            "late_seconds": LATE_SECONDS,
            "events": sum(each.events for each in self._minutes.values()),
            "late": sum(each.late for each in self._minutes.values()),
        }
