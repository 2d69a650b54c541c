"""The hub: the window, its reader, and the pages that look at it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from connections.errors import DependencyUnavailable, StatementRefused
from dashboards.service.clickhouse import ClickHouse
from dashboards.service.live.arrivals import Arrivals
from dashboards.service.live.pages import Message, Page
from dashboards.service.live.reader import Reader, partitions_of
from dashboards.service.live.records import TOPICS
from dashboards.service.live.seeding import filled_window
from dashboards.service.live.window import DAYS, MINUTES, Change, Window
from dashboards.service.metrics import Metrics
from dashboards.service.offsets import SinkOffsets
from dashboards.service.problems import UNAVAILABLE
from schemas.recommendations import utc_text
from schemas.settings import Settings
from web.background import BackgroundTask
from web.problems import Problem

log = logging.getLogger(__name__)

KAFKA: Final = "Kafka"
RETRY_SECONDS: Final = 1.0
"""How long the hub waits before it tries again, when a server that it needs to begin is away."""

UNKNOWN: Final = frozenset({60, 81})
"""ClickHouse's codes for a table and a database that are not there: UNKNOWN_TABLE, UNKNOWN_DATABASE."""

VISITS_SECONDS: Final = 0.5
"""How long visits wait to be counted once a session has changed."""


class _NotMadeYet(Exception):
    """The platform lacks what its migration makes."""


class Hub:
    """One for the whole service; used from the event loop alone.

    Args:
        settings: Where the servers are.
        clickhouse: Asked for the first rows.
        metrics: What to count.
    """

    def __init__(self, settings: Settings, clickhouse: ClickHouse, metrics: Metrics) -> None:
        self._settings = settings
        self._clickhouse = clickhouse
        self._metrics = metrics
        self._pool = ThreadPoolExecutor(1, "live-offsets")
        self._pages: set[Page] = set()
        self._window = Window()
        self._positions: dict[str, int] = {}
        self._updated_ms: dict[str, int] = {}
        self._sequence = 0
        self._seed: Message | None = None
        self._is_ready = False
        self._stale: dict[str, float] = {}
        self._counting: asyncio.TimerHandle | None = None
        self._waits = ""
        self.arrivals = Arrivals()
        self.task = BackgroundTask("live", self._live, self._failed)

    @property
    def pages(self) -> int:
        """How many look."""
        return len(self._pages)

    def start(self) -> None:
        """Begin to read."""
        self.task.start()

    async def close(self) -> None:
        """End every connection and stop reading."""
        for page in self._pages:
            page.end()
        await self.task.close()
        self._pool.shutdown()

    def open(self) -> Page:
        """A page that looks from now on.

        Raises:
            Problem: There are too many.
        """
        if len(self._pages) >= self._settings.dashboard_connections:
            raise Problem(UNAVAILABLE, "Too many pages look already.", retry_after_seconds=10)
        page = Page(self._newest_seed)
        self._pages.add(page)
        self._metrics.connections.set(len(self._pages))
        if self._stale:
            page.put(self._stale_message())
        return page

    def leave(self, page: Page) -> None:
        """The page is gone."""
        self._pages.discard(page)
        self._metrics.connections.set(len(self._pages))

    async def _live(self) -> None:
        """Seed the window and follow the topics until that is not possible any more."""
        loop = asyncio.get_running_loop()
        try:
            starts = await loop.run_in_executor(self._pool, _sink_positions, self._settings)
            window = await filled_window(self._clickhouse, self._settings.time_zone)
        except _NotMadeYet as error:
            return await self._wait_until_made(str(error))
        except StatementRefused as error:
            if error.code not in UNKNOWN:
                raise
            return await self._wait_until_made("tables")
        except DependencyUnavailable as error:
            self._away(error.name)
            self._failed(self.task.name)
            return await self._wait(logging.WARNING, f"Live changes wait: {error}")
        self._waits = ""
        for server in list(self._stale):
            self._back(server)
        self._begin(window, starts)
        ended: asyncio.Future[None] = loop.create_future()

        def end(error: Exception) -> None:
            if not ended.done():
                ended.set_exception(error)

        reader = Reader(
            self._settings,
            partitions_of(starts.items()),
            self._take,
            self._caught_up,
            lambda is_away: self._away(KAFKA) if is_away else self._back(KAFKA),
            end,
            self.arrivals.take,
        )
        self.arrivals.begin()
        reader.start()
        try:
            await ended
        finally:
            await reader.close()

    async def _wait_until_made(self, missing: str) -> None:
        """Wait a moment for what a platform that is not migrated lacks."""
        for server in list(self._stale):
            self._back(server)
        await self._wait(logging.INFO, f"Live changes wait until the {missing} are made: './shop migrate' makes them")

    async def _wait(self, level: int, why: str) -> None:
        """Wait a moment, and say why once."""
        if self._waits != why:
            self._waits = why
            log.log(level, "%s", why)
        await asyncio.sleep(RETRY_SECONDS)

    def _begin(self, window: Window, positions: Mapping[str, int]) -> None:
        self._window = window
        self._positions = dict(positions)
        self._seed = None
        self._is_ready = False

    def _take(self, changes: list[Change], positions: Mapping[str, int]) -> None:
        self._positions.update(positions)
        for change in changes:
            self._updated_ms[change.table] = max(change.at_ms, self._updated_ms.get(change.table, 0))
        shown = self._window.apply(changes)
        if self._window.is_visited and self._counting is None:
            self._counting = asyncio.get_running_loop().call_later(VISITS_SECONDS, self._count_visits)
        self._show(shown)

    def _count_visits(self) -> None:
        self._counting = None
        change = self._window.changed_visits()
        self._show([change] if change is not None else [])

    def _show(self, shown: list[Change]) -> None:
        if not shown:
            return
        self._sequence += 1
        self._seed = None
        self._metrics.changes.inc(len(shown))
        if self._is_ready and self._pages:
            data = {"seq": self._sequence, "changes": [_encoded(change) for change in shown]}
            self._send(Message("change", orjson.dumps(data)))

    def _caught_up(self) -> None:
        """The window is what the topics say: pages may begin, and those of before begin anew."""
        self._is_ready = True
        log.info("Live changes are read from now on")
        for page in self._pages:
            page.reseed(b'{"reason":"The window was read anew."}')
            self._metrics.reseeds.labels("gap").inc()

    def _send(self, message: Message) -> None:
        for page in self._pages:
            if not page.put(message):
                self._metrics.reseeds.labels("slow").inc()

    def _newest_seed(self) -> Message | None:
        if not self._is_ready:
            return None
        if self._seed is None:
            self._seed = Message("seed", orjson.dumps(self._seed_content()))
        return self._seed

    def _seed_content(self) -> dict[str, Any]:
        return {
            "at": utc_text(datetime.now(UTC)),
            "seq": self._sequence,
            "offsets": self._positions,
            "window": {"minutes": MINUTES, "days": DAYS},
            "tables": self._window.tables(),
            "updated_at": {table: _moment(ms / 1000) for table, ms in self._updated_ms.items()},
            "stale": self._stale_servers(),
        }

    def _away(self, server: str) -> None:
        if server not in self._stale:
            self._stale[server] = time.time()
            self._seed = None
            self._send(self._stale_message())

    def _back(self, server: str) -> None:
        if self._stale.pop(server, None) is not None:
            self._seed = None
            self._send(self._stale_message())

    def _stale_servers(self) -> list[dict[str, str]]:
        return [{"server": server, "since": _moment(since)} for server, since in self._stale.items()]

    def _stale_message(self) -> Message:
        return Message("stale", orjson.dumps({"stale": self._stale_servers()}))

    def _failed(self, task: str) -> None:
        self._metrics.failures.labels(task).inc()


def _sink_positions(settings: Settings) -> dict[str, int]:
    """Partition of each topic that is read -> the offset before which ClickHouse has all.

    Raises:
        DependencyUnavailable: Kafka does not answer.
        _NotMadeYet: It has not all topics.
    """
    sink = SinkOffsets(settings)
    try:
        ends = sink.ends()
    finally:
        sink.close()
    if any(topic not in ends for topic in TOPICS):
        raise _NotMadeYet("topics")
    return {partition: offset for topic in TOPICS for partition, offset in ends[topic].offsets.items()}


def _encoded(change: Change) -> dict[str, Any]:
    return {
        "table": change.table,
        "key": change.key,
        "row": change.row,
        "offset": change.offset,
        "at": _moment(change.at_ms / 1000),
    }


def _moment(seconds: float) -> str:
    return utc_text(datetime.fromtimestamp(seconds, UTC))
