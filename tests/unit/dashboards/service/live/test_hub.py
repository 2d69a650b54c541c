from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from confluent_kafka import KafkaError

from connections.errors import DependencyUnavailable, StatementRefused
from dashboards.service.live import hub as hub_module
from dashboards.service.live.arrivals import Arrival
from dashboards.service.live.hub import Hub
from dashboards.service.live.pages import Page
from dashboards.service.live.reader import Reader
from dashboards.service.live.window import Change, Window
from dashboards.service.metrics import Metrics
from schemas.offsets import Partition
from schemas.settings import Settings
from web.problems import Problem

pytestmark = pytest.mark.anyio
TOPIC = "metrics-sales-daily"
START = {f"{TOPIC}-0": 5}
REAL_POSITIONS = hub_module._sink_positions


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def sales(orders: int, offset: int) -> Change:
    row = {"day": "2026-06-09", "currency": "GBP", "orders": orders}
    return Change("sales_daily", ("2026-06-09", "GBP"), row, f"{TOPIC}-0:{offset}", 1_780_000_000_000)


@dataclass
class Servers:
    """Stands for Kafka and ClickHouse: what ClickHouse has, and the reader that the hub made last."""

    orders: int = 1
    problem: Exception | None = None
    catches_up: bool = True
    readers: list[Any] = field(default_factory=list)

    async def filled_window(self, *_: Any) -> Window:
        if self.problem is not None:
            raise self.problem
        window = Window()
        window.apply([sales(self.orders, 4)])
        return window

    def reader(self, *arguments: Any) -> Any:
        reader = OfTest(self.catches_up, *arguments[2:])
        self.readers.append(reader)
        return reader


@dataclass
class OfTest:
    """Stands for the reader."""

    catches_up: bool
    changes: Callable[[list[Change], Mapping[str, int]], None]
    caught_up: Callable[[], None]
    away: Callable[[bool], None]
    end: Callable[[Exception], None]
    arrivals: Callable[[list[Arrival]], None]
    is_closed: bool = False

    def start(self) -> None:
        if self.catches_up:
            self.caught_up()

    async def close(self) -> None:
        self.is_closed = True


class NoTopics:
    """Stands for a Kafka that was never migrated."""

    def __init__(self, _settings: Settings) -> None:
        pass

    def ends(self) -> Mapping[str, Any]:
        return {}

    def close(self) -> None:
        pass


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Servers:
    servers = Servers()
    monkeypatch.setattr(hub_module, "filled_window", servers.filled_window)
    monkeypatch.setattr(hub_module, "_sink_positions", lambda _: START)
    monkeypatch.setattr(hub_module, "Reader", servers.reader)
    monkeypatch.setattr(hub_module, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr("web.background.RESTART_SECONDS", 0.01)
    return servers


@asynccontextmanager
async def running(settings: Settings | None = None) -> AsyncIterator[Hub]:
    hub = Hub(settings or Settings(), None, Metrics())  # type: ignore[arg-type]  # the servers of the test need none
    hub.start()
    try:
        yield hub
    finally:
        await hub.close()


async def next_of(page: Page) -> tuple[str, dict[str, Any]]:
    message = await asyncio.wait_for(page.next(), 5)
    assert message is not None
    return message.event, orjson.loads(message.data)


def orders(content: Mapping[str, Any]) -> int:
    (row,) = content["tables"]["sales_daily"]
    return int(row["orders"])


async def test_a_page_is_seeded_with_the_offsets_that_the_seed_is_true_of_and_then_told_of_changes(
    servers: Servers,
) -> None:
    async with running() as hub:
        page = hub.open()
        event, seed = await next_of(page)
        assert (event, orders(seed), seed["offsets"], seed["seq"], seed["stale"]) == ("seed", 1, START, 0, [])

        servers.readers[0].changes([sales(2, 5)], {f"{TOPIC}-0": 6})
        event, change = await next_of(page)
        assert (event, change["seq"]) == ("change", 1)
        assert change["changes"] == [
            {
                "table": "sales_daily",
                "key": ["2026-06-09", "GBP"],
                "row": {"day": "2026-06-09", "currency": "GBP", "orders": 2},
                "offset": f"{TOPIC}-0:5",
                "at": "2026-05-28T20:26:40.000Z",
            }
        ]
        _, later = await next_of(hub.open())
        assert (orders(later), later["offsets"], later["seq"]) == (2, {f"{TOPIC}-0": 6}, 1)


async def test_a_page_sees_nothing_before_the_topics_ends_are_reached(servers: Servers) -> None:
    servers.catches_up = False
    async with running() as hub:
        page = hub.open()
        await asyncio.sleep(0.05)
        servers.readers[0].changes([sales(0, 5)], {f"{TOPIC}-0": 6})  # what ClickHouse had already, come again
        servers.readers[0].changes([sales(3, 6)], {f"{TOPIC}-0": 7})
        servers.readers[0].caught_up()

        event, seed = await next_of(page)
        assert (event, orders(seed)) == ("seed", 3)


async def test_after_a_gap_every_page_begins_anew_and_ends_with_the_right_figures(servers: Servers) -> None:
    async with running() as hub:
        pages = [hub.open() for _ in range(3)]
        assert {(await next_of(page))[0] for page in pages} == {"seed"}

        servers.orders = 42  # changes that nobody saw
        servers.readers[0].end(DependencyUnavailable("Kafka", "here", "offset out of range"))
        for page in pages:
            assert (await next_of(page))[0] == "reseed"
            event, seed = await next_of(page)
            assert (event, orders(seed)) == ("seed", 42)
        assert [reader.is_closed for reader in servers.readers] == [True, False]


async def test_a_lost_kafka_is_told_at_once_and_once_more_when_it_is_back(servers: Servers) -> None:
    async with running() as hub:
        page = hub.open()
        await next_of(page)
        servers.readers[0].away(True)
        servers.readers[0].away(True)
        event, content = await next_of(page)
        assert (event, [each["server"] for each in content["stale"]]) == ("stale", ["Kafka"])
        late = hub.open()
        assert [(await next_of(late))[0] for _ in range(2)] == ["stale", "seed"]

        servers.readers[0].away(False)
        assert await next_of(page) == ("stale", {"stale": []})


async def test_a_server_that_is_away_at_the_start_is_told_and_tried_again(
    servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    servers.problem = DependencyUnavailable("ClickHouse", "here", "it is away")
    async with running() as hub:
        page = hub.open()
        event, content = await next_of(page)
        assert (event, [each["server"] for each in content["stale"]]) == ("stale", ["ClickHouse"])
        await asyncio.sleep(0.1)  # many tries
        ((level, text),) = [(record.levelname, record.message) for record in caplog.records]
        assert level == "WARNING"
        assert text.startswith("Live changes wait: ClickHouse at here does not answer (it is away).")
        assert hub._metrics.failures.labels("live")._value.get() > 1

        servers.problem = None
        assert await next_of(page) == ("stale", {"stale": []})
        assert (await next_of(page))[0] == "seed"


async def test_a_platform_without_tables_is_waited_for_in_one_line(
    servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    servers.problem = StatementRefused("here", 60, "Unknown table expression identifier 'sales_daily'")
    async with running() as hub:
        page = hub.open()
        await asyncio.sleep(0.2)  # many tries
        assert [(record.levelname, record.message) for record in caplog.records if record.name != "asyncio"] == [
            ("INFO", "Live changes wait until the tables are made: './shop migrate' makes them")
        ]
        servers.problem = None
        assert (await next_of(page))[0] == "seed"


async def test_a_platform_without_topics_is_waited_for_in_one_line(
    servers: Servers, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(hub_module, "_sink_positions", REAL_POSITIONS)
    monkeypatch.setattr(hub_module, "SinkOffsets", NoTopics)
    async with running() as hub:
        page = hub.open()
        await asyncio.sleep(0.2)
        assert [record.message for record in caplog.records if record.name != "asyncio"] == [
            "Live changes wait until the topics are made: './shop migrate' makes them"
        ]
        monkeypatch.setattr(hub_module, "_sink_positions", lambda _: START)
        assert (await next_of(page))[0] == "seed"


async def test_a_question_that_clickhouse_refuses_for_another_reason_is_an_error(
    servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    servers.problem = StatementRefused("here", 47, "Unknown expression identifier")
    async with running():
        await asyncio.sleep(0.1)
    assert [record.levelname for record in caplog.records if record.name == "web.background"] == ["ERROR"]


async def test_events_that_the_reader_meets_are_counted_as_they_come(servers: Servers) -> None:
    async with running() as hub:
        page = hub.open()
        await next_of(page)
        now_ms = time.time_ns() // 1_000_000 + 1_000
        servers.readers[0].arrivals([Arrival(now_ms, now_ms), Arrival(now_ms, now_ms - 3_600_000)])
        report = hub.arrivals.report()
        assert report is not None
        assert (report["events"], report["late"]) == (2, 1)


async def test_pages_are_bounded_and_counted(servers: Servers) -> None:
    async with running(Settings(dashboard_connections=2)) as hub:
        first = hub.open()
        hub.open()
        with pytest.raises(Problem):
            hub.open()
        hub.leave(first)
        assert hub.pages == 1
        hub.open()


class OfKafka:
    """A message as Kafka's client gives it."""

    def __init__(self, offset: int, error: KafkaError | None = None) -> None:
        self._offset = offset
        self._error = error

    def error(self) -> KafkaError | None:
        return self._error

    def topic(self) -> str:
        return TOPIC

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes:
        return b"k"

    def value(self) -> bytes:
        return b"v"

    def timestamp(self) -> tuple[int, int]:
        return 1, 7


async def test_a_record_that_comes_twice_is_dropped_by_its_offset() -> None:
    def nothing(*_: Any) -> None:
        return None

    reader = Reader(Settings(), {Partition(TOPIC, 0): 5}, nothing, nothing, nothing, nothing, nothing)
    records = [reader._record(OfKafka(offset)) for offset in (4, 5, 6, 5, 6, 8)]  # type: ignore[arg-type]

    assert [each and each.offset for each in records] == [None, 5, 6, None, None, 8]
