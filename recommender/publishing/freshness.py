"""Counts how long after their events lists are written; ``schemas/list_freshness.py`` says how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from redis import Redis

from schemas.list_freshness import MINUTES, field_of, minute_of
from schemas.redis_keys import LIST_FRESHNESS

KEPT_SECONDS: Final = (MINUTES + 5) * 60
"""How long the counts are kept after the last list."""


class FreshnessCounts:
    """Counts lists in Redis; several may count at once.

    Args:
        client: A client of Redis; it stays the caller's.
        clock: The time, aware.
    """

    def __init__(self, client: Redis, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._clock = clock
        self._minute = 0

    def count(self, events_ms: Sequence[int]) -> None:
        """Count lists that have just been written, by the newest event of each in epoch milliseconds."""
        if not events_ms:
            return
        now = self._clock().timestamp()
        minute = int(now // 60)
        fields = Counter(field_of(minute, now - event_ms / 1000) for event_ms in events_ms)
        calls = self._client.pipeline(transaction=False)
        for field, lists in fields.items():
            calls.hincrby(LIST_FRESHNESS, field, lists)
        calls.expire(LIST_FRESHNESS, KEPT_SECONDS)
        calls.execute()
        if minute != self._minute:
            self._minute = minute
            self._forget_before(minute - MINUTES)

    def _forget_before(self, minute: int) -> None:
        names: Any = self._client.hkeys(LIST_FRESHNESS)
        if old := [name for name in names if minute_of(name.decode()) < minute]:
            self._client.hdel(LIST_FRESHNESS, *old)
