"""How fresh the tables are: how far ClickHouse's sink has read the topics that fill them, and when those changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from connections.errors import DependencyUnavailable
from dashboards.service.answers import TableState
from dashboards.service.offsets import SinkOffsets, TopicEnd
from dashboards.service.tables import TABLE_OF, TOPIC_OF
from schemas.errors import ShopError
from schemas.recommendations import utc_text
from schemas.settings import Settings

KEPT_SECONDS: Final = 1.0
"""How long an answer of Kafka is good for."""

PATIENCE_SECONDS: Final = 0.5
"""How long a question waits for Kafka: figures do not need it."""

BEHIND_SECONDS: Final = 5.0
"""From when it is worth a word that ClickHouse lacks changes: its sink collects a batch for half a second."""


@dataclass
class _Known:
    """What Kafka last answered."""

    at: float = -1e9
    ends: Mapping[str, TopicEnd] = field(default_factory=dict)
    behind_since: dict[str, float] = field(default_factory=dict)


class SinkFreshness:
    """Asks Kafka, once a second at the most however many ask.

    Args:
        settings: Where it is.
        clock: Seconds since the epoch.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._pool = ThreadPoolExecutor(1, "freshness")
        self._offsets = SinkOffsets(settings)
        self._known = _Known()
        self._looking: asyncio.Task[None] | None = None
        self.problem = ""

    async def close(self) -> None:
        """Close the connection."""
        if self._looking is not None:
            await asyncio.wait([self._looking])
        self._pool.submit(self._offsets.close)
        self._pool.shutdown()

    async def of(self, tables: Sequence[str]) -> list[TableState]:
        """The state of these tables; the last one known where Kafka does not answer at once."""
        if self._clock() - self._known.at > KEPT_SECONDS:
            await self._look_again()
        return [self._state(table) for table in tables]

    def doubtful(self, states: Sequence[TableState]) -> list[dict[str, Any]]:
        """Why figures of these tables may be behind."""
        if problem := self.problem or self._silence():
            since = utc_text(datetime.fromtimestamp(self._known.at, UTC)) if self._known.at > 0 else None
            return [{"table": each.name, "reason": problem, "since": since} for each in states]
        return [
            {
                "table": each.name,
                "reason": f"ClickHouse does not have the last {each.behind:,} changes of {each.name} yet.",
                "since": each.since,
            }
            for each in states
            if each.since is not None
        ]

    def _silence(self) -> str:
        """What is wrong where Kafka has been asked, and what it said before is old by now."""
        is_asked = self._looking is not None and not self._looking.done()
        if is_asked and 0 < self._known.at < self._clock() - BEHIND_SECONDS:
            return "Kafka has not answered yet, so nobody knows how far the figures are behind."
        return ""

    async def _look_again(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        await asyncio.wait([self._looking], timeout=PATIENCE_SECONDS)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            ends = await loop.run_in_executor(self._pool, self._offsets.ends)
        except ShopError as error:
            name = error.name if isinstance(error, DependencyUnavailable) else "Kafka"
            self.problem = f"{name} does not answer, so nobody knows how far the figures are behind."
            return
        self.problem = ""
        since = self._known.behind_since
        now = self._clock()
        behind = {TABLE_OF[topic]: since.get(TABLE_OF[topic], now) for topic, end in ends.items() if end.behind}
        self._known = _Known(now, ends, behind)

    def _state(self, table: str) -> TableState:
        end = self._known.ends.get(TOPIC_OF[table])
        if end is None:
            return TableState(table, None, {}, None, None)
        since = self._known.behind_since.get(table)
        is_late = since is not None and self._clock() - since >= BEHIND_SECONDS
        return TableState(
            table,
            _moment(end.newest_ms / 1000) if end.newest_ms else None,
            end.offsets,
            end.behind,
            _moment(since) if since is not None and is_late else None,
        )


def _moment(seconds: float) -> str:
    return utc_text(datetime.fromtimestamp(seconds, UTC))
