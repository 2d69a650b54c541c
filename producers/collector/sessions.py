"""Visits, where the client names none: consecutive events of one visitor with no long pause between them.

What is remembered lies in this process alone and is bounded: a visitor who was forgotten, or whose next event reaches
another process, begins a new visit. The tracker and other good clients name their sessions themselves.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict


class Sessions:
    """The latest visit of each visitor.

    Args:
        inactivity_ms: The pause that ends a visit.
        max_visitors: How many are remembered; who was seen longest ago is forgotten first.
    """

    def __init__(self, inactivity_ms: int, max_visitors: int) -> None:
        self._inactivity_ms = inactivity_ms
        self._max_visitors = max_visitors
        self._visits: OrderedDict[str, tuple[int, int, str]] = OrderedDict()

    def session_of(self, visitor: str, event_time_ms: int) -> str:
        """The id of the visit to which an event belongs: made of the visitor and of when the visit began.

        Args:
            visitor: Who.
            event_time_ms: When, by the event's own time.
        """
        visit = self._visits.get(visitor)
        if visit is not None:
            first, last, session_id = visit
            if first - self._inactivity_ms <= event_time_ms <= last + self._inactivity_ms:
                self._visits[visitor] = (min(first, event_time_ms), max(last, event_time_ms), session_id)
                self._visits.move_to_end(visitor)
                return session_id
        session_id = hashlib.blake2b(f"{visitor}\n{event_time_ms}".encode(), digest_size=12).hexdigest()
        self._visits[visitor] = (event_time_ms, event_time_ms, session_id)
        self._visits.move_to_end(visitor)
        if len(self._visits) > self._max_visitors:
            self._visits.popitem(last=False)
        return session_id
