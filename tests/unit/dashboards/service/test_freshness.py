from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from connections.errors import DependencyUnavailable
from dashboards.queries import query
from dashboards.service import freshness as freshness_module
from dashboards.service import pipeline as pipeline_module
from dashboards.service.answers import Answers
from dashboards.service.clickhouse import Rows
from dashboards.service.freshness import SinkFreshness
from dashboards.service.offsets import TopicEnd
from dashboards.service.pipeline import Pipeline
from dashboards.service.tables import TOPIC_OF, tables_behind
from operations.lag import Lag
from schemas.failures import Reason
from schemas.settings import Settings
from tests.support.flink_cluster import JobManager, job_manager

pytestmark = pytest.mark.anyio
TOPIC = "metrics-sales-daily"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Clock:
    """Seconds since the epoch, as a test sets them."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Offsets:
    """Stands for Kafka: how far the sink is."""

    def __init__(self, _settings: Settings) -> None:
        self.behind = 0
        self.problem: Exception | None = None
        self.looks = 0

    def ends(self) -> Mapping[str, TopicEnd]:
        self.looks += 1
        if self.problem is not None:
            raise self.problem
        return {TOPIC: TopicEnd({f"{TOPIC}-0": 17}, self.behind, 999_000_000)}

    def close(self) -> None:
        pass


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def freshness(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> SinkFreshness:
    monkeypatch.setattr(freshness_module, "SinkOffsets", Offsets)
    return SinkFreshness(Settings(), clock)


def offsets_of(freshness: SinkFreshness) -> Offsets:
    offsets = freshness._offsets
    assert isinstance(offsets, Offsets)
    return offsets


async def test_a_table_has_its_offsets_and_the_time_of_its_newest_change(freshness: SinkFreshness) -> None:
    (state,) = await freshness.of(["sales_daily"])

    assert (state.updated_at, state.offsets, state.behind) == ("1970-01-12T13:30:00.000Z", {f"{TOPIC}-0": 17}, 0)
    assert freshness.doubtful([state]) == []


async def test_changes_that_clickhouse_lacks_are_told_once_they_are_no_batch_any_more(
    freshness: SinkFreshness, clock: Clock
) -> None:
    offsets_of(freshness).behind = 1_234
    assert freshness.doubtful(await freshness.of(["sales_daily"])) == []

    clock.now += 6
    (doubtful,) = freshness.doubtful(await freshness.of(["sales_daily"]))
    assert doubtful == {
        "table": "sales_daily",
        "reason": "ClickHouse does not have the last 1,234 changes of sales_daily yet.",
        "since": "1970-01-12T13:46:40.000Z",
    }

    offsets_of(freshness).behind = 0
    clock.now += 2
    assert freshness.doubtful(await freshness.of(["sales_daily"])) == []


async def test_while_kafka_is_away_the_last_state_stands_and_is_in_doubt(
    freshness: SinkFreshness, clock: Clock
) -> None:
    await freshness.of(["sales_daily"])
    offsets_of(freshness).problem = DependencyUnavailable("Kafka", "here", "it is away")
    clock.now += 2

    (state,) = await freshness.of(["sales_daily"])
    (doubtful,) = freshness.doubtful([state])
    assert state.offsets == {f"{TOPIC}-0": 17}
    assert doubtful["reason"].startswith("Kafka does not answer")
    assert doubtful["since"] == "1970-01-12T13:46:40.000Z"


async def test_while_kafka_is_silent_what_it_said_a_while_ago_is_in_doubt(
    freshness: SinkFreshness, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness_module, "PATIENCE_SECONDS", 0.01)
    await freshness.of(["sales_daily"])
    answers = threading.Event()
    monkeypatch.setattr(offsets_of(freshness), "ends", lambda: answers.wait(10) and {})

    clock.now += 2
    assert freshness.doubtful(await freshness.of(["sales_daily"])) == []
    clock.now += 4
    (doubtful,) = freshness.doubtful(await freshness.of(["sales_daily"]))
    assert doubtful["reason"].startswith("Kafka has not answered yet")
    assert doubtful["since"] == "1970-01-12T13:46:40.000Z"

    answers.set()
    await freshness.close()
    assert freshness.doubtful(await freshness.of(["sales_daily"])) == []


async def test_kafka_is_asked_once_a_second_however_many_ask(freshness: SinkFreshness, clock: Clock) -> None:
    for _ in range(3):
        await asyncio.gather(*(freshness.of(["sales_daily"]) for _ in range(50)))
    assert offsets_of(freshness).looks == 1
    clock.now += 1.5
    await freshness.of(["sales_daily"])
    assert offsets_of(freshness).looks == 2


class OneRow:
    """Stands for ClickHouse."""

    async def ask(self, _sql: str, _values: Any = None) -> Rows:
        columns = query("sales_daily").columns
        return Rows(tuple(each.name for each in columns), ("String",) * len(columns), [])


async def test_a_job_that_stays_behind_puts_its_tables_in_doubt(
    freshness: SinkFreshness, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lag = Lag(0, 0, {"analytics": 42, "sessions": 0}, {})
    monkeypatch.setattr(pipeline_module, "pipeline_lag", lambda _settings: lag)
    monkeypatch.setattr(pipeline_module, "KEPT_SECONDS", 0)
    pipeline = Pipeline(Settings(), freshness, clock)
    answers = Answers(OneRow(), freshness, Settings(), pipeline.late_jobs)  # type: ignore[arg-type]

    async def doubtful() -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = (await answers.answer(query("sales_daily"), {}))["doubtful"]
        await asyncio.wait(pipeline._known.values())
        return answer

    assert await doubtful() == []
    clock.now += 31
    assert await doubtful() == [
        {
            "table": "sales_daily",
            "reason": "The job analytics has 42 events left to count.",
            "since": "1970-01-12T13:46:40.000Z",
        }
    ]
    lag = Lag(0, 0, {"analytics": 0}, {})
    await doubtful()
    assert await doubtful() == []


async def test_an_ingest_that_stays_behind_puts_every_table_in_doubt(
    freshness: SinkFreshness, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline_module, "pipeline_lag", lambda _settings: Lag(1_234, 0, {"analytics": 0}, {}))
    for look in ("_jobs", "_failed", "_duplicates", "_lists"):
        monkeypatch.setattr(Pipeline, look, lambda _: None)
    monkeypatch.setattr(pipeline_module, "KEPT_SECONDS", 0)
    pipeline = Pipeline(Settings(), freshness, clock)
    assert (await pipeline.report(0, None))["doubtful"] == []

    clock.now += 31
    report = await pipeline.report(0, None)
    assert {each["table"] for each in report["doubtful"]} == set(TOPIC_OF)
    assert {each["reason"] for each in report["doubtful"]} == {"The job ingest has 1,234 records left to check."}
    assert {each["since"] for each in report["doubtful"]} == {"1970-01-12T13:46:40.000Z"}


@pytest.fixture
def flink() -> Iterator[JobManager]:
    with job_manager() as manager:
        yield manager


def test_duplicates_are_what_ingest_took_in_and_did_not_let_through(
    freshness: SinkFreshness, flink: JobManager, clock: Clock
) -> None:
    pipeline = Pipeline(Settings(flink_url=flink.url), freshness, clock)
    flink.jobs = {"analytics": "RUNNING"}
    assert pipeline._duplicates() is None

    flink.jobs = {"ingest": "RUNNING"}
    flink.metrics = {"Deduplicate[4] -> Calc[5]": {"Deduplicate[4].numRecordsIn": 9, "Deduplicate[4].numRecordsOut": 7}}
    assert pipeline._duplicates() == {"since": "1970-01-01T00:00:00.001Z", "events": 9, "duplicates": 2}

    clock.now = 20.0  # its tasks have just started, and Flink still has the counters of those before
    assert pipeline._duplicates() is None


async def test_a_report_with_failed_events_is_json(freshness: SinkFreshness, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = [SimpleNamespace(reason=reason) for reason in (Reason.TOO_OLD, Reason.TOO_OLD, Reason.UNDECODABLE)]
    monkeypatch.setattr(pipeline_module, "pipeline_lag", lambda _settings: Lag(0, 0, {}, {}))
    monkeypatch.setattr(pipeline_module, "failed_events", lambda _settings: iter(failed))
    for look in ("_jobs", "_duplicates", "_lists"):
        monkeypatch.setattr(Pipeline, look, lambda _: None)

    report = orjson.loads(orjson.dumps(await Pipeline(Settings(), freshness).report(0, None)))
    assert report["failed"] == {"total": 3, "looked_at": 3, "reasons": {"too_old": 2, "undecodable": 1}}


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("users_daily", ("user_days", "users_daily")),
        ("products_top", ("product_activity_daily", "products_daily")),
        ("visits_now", ("sessions",)),
        ("shop_range", ("activity_minutely", "sales_daily", "sales_minutely")),
        ("experiments", ("events", "folded_orders")),
    ],
)
def test_the_tables_behind_a_query_are_those_that_it_names(name: str, tables: tuple[str, ...]) -> None:
    assert tables_behind(query(name)) == tables
