"""The lake, replays, backfills, upgrades and rebuilds, on a platform of its own that gets nothing else.

The tests build on each other in their order: what Kafka has deleted by the end is in the lake alone.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from cli.main import TERMINATED
from connections.clickhouse import connected
from connections.kafka import CommittedRecords
from connections.redis import connect
from flink import code
from flink.cluster import Cluster
from flink.errors import JobError
from lake.manifest import ends, read_manifest
from lake.storage import lake_storage
from lake.verification import verify
from local.commands import run_shop
from local.faults.expectation import expect
from local.platform import Platform
from operations.lag import wait_until_read, wait_until_settled
from schemas.topics import DOMAIN_TOPICS, EVENTS, HEADER_REPLAYED, run_topic_prefix
from sinks.lake.description import LAKE
from tests.support.faults import kill
from tests.support.platforms import platform_with, shop_in_background

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1800)]

JOBS = ("ingest", "sessions")
METRICS = "sessions,funnel_daily"
WAIT_SECONDS = 600


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    data = tmp_path_factory.mktemp("history") / "data"
    with platform_with(JOBS, data, time_zone="Europe/Berlin", lake_batch_ms=1_000, lake_batch_rows=2_000) as made:
        yield made


def run(shop: Platform, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = run_shop(shop.settings, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def simulate(shop: Platform, seed: int, events: int = 3000) -> None:
    run(shop, "simulate", "--events", str(events), "--seed", str(seed), "--trouble", "all")


def settle(shop: Platform) -> None:
    """Wait until everything is in ClickHouse and in the lake."""
    wait_until_settled(shop.settings, lambda _lag: None, WAIT_SECONDS)
    with CommittedRecords(shop.settings) as records:
        ends = {(EVENTS, partition): records.bounds(EVENTS, partition)[1] for partition in records.partitions(EVENTS)}
    wait_until_read(shop.settings, LAKE.group, ends, WAIT_SECONDS)


def ask(shop: Platform, sql: str) -> list[tuple[Any, ...]]:
    with connected(shop.settings, shop.settings.clickhouse_database) as client:
        return [tuple(row) for row in client.query(sql).result_rows]


def clickhouse_ids(shop: Platform) -> list[str]:
    return [row[0] for row in ask(shop, "SELECT event_id FROM events ORDER BY event_id")]


def lake_ids(shop: Platform) -> list[str]:
    files = run(shop, "lake", "files").stdout.splitlines()
    return [row[0] for row in duckdb.sql(f"SELECT event_id FROM read_parquet({files}) ORDER BY event_id").fetchall()]


def test_every_event_is_in_the_lake_once_though_its_sink_is_killed(shop: Platform) -> None:
    simulate(shop, seed=7)
    kill(shop, "sink-lake")
    settle(shop)
    ids = clickhouse_ids(shop)
    assert len(ids) == len(set(ids)) > 2500
    assert lake_ids(shop) == ids
    assert json.loads(run(shop, "lake", "verify", "--json").stdout)["agrees"]


def test_compaction_changes_no_event(shop: Platform) -> None:
    storage = lake_storage(shop.settings)
    before = [day.fingerprint for day in verify(storage, read_manifest(storage))]
    run(shop, "lake", "compact")
    entries = read_manifest(storage)
    assert [entry.offsets.partition.number for entry in entries] == [0, 1]
    assert [day.fingerprint for day in verify(storage, entries)] == before
    assert lake_ids(shop) == clickhouse_ids(shop)


def test_a_replay_is_marked_and_counts_once(shop: Platform) -> None:
    ids, sessions = clickhouse_ids(shop), ask(shop, "SELECT * FROM sessions ORDER BY session_id")
    printed = run(shop, "replay", "--from", "2026-01-05", "--to", "2026-01-25").stderr
    assert f"{len(ids):,} events, acknowledged by Kafka" in printed
    settle(shop)
    assert clickhouse_ids(shop) == ids
    assert ask(shop, "SELECT * FROM sessions ORDER BY session_id") == sessions
    assert sum(replayed_records(shop).values()) == len(ids)


def replayed_records(shop: Platform) -> dict[str, int]:
    replayed = dict.fromkeys(DOMAIN_TOPICS, 0)
    with CommittedRecords(shop.settings) as records:
        for topic in DOMAIN_TOPICS:
            for partition in records.partitions(topic):
                for message in records.read(topic, partition, *records.bounds(topic, partition)):
                    replayed[topic] += HEADER_REPLAYED in dict(message.headers() or [])  # type: ignore[arg-type]
    return replayed


def test_a_replay_of_what_ingest_has_forgotten_is_refused(shop: Platform) -> None:
    forgetful = shop.settings.model_copy(update={"deduplication_seconds": 1})
    done = run_shop(forgetful, "replay", "--from", "2026-01-05", "--to", "2026-01-25")
    assert done.returncode == 2
    assert "no longer remembers the events of 2026-01-0" in done.stderr


def test_the_same_model_is_made_once_kafka_has_deleted_some_of_its_events(shop: Platform) -> None:
    whole = trained(shop)
    assert whole["interactions"] > 500
    delete_events(shop, share=0.5)
    assert trained(shop, from_lake=len(clickhouse_ids(shop)) // 2) == whole
    assert trained(shop, "--from-lake", from_lake=len(clickhouse_ids(shop))) == whole


def trained(shop: Platform, *options: str, from_lake: int = 0) -> dict[str, Any]:
    """What is recorded of a model that a training makes now, which takes about so many events from the lake."""
    before = datetime.now(UTC)
    printed = run(shop, "submit", "training", *options).stderr
    from_lake_printed = re.search(r"([\d,]+) events came from the lake", printed)
    assert int(from_lake_printed[1].replace(",", "") if from_lake_printed else 0) == pytest.approx(from_lake, rel=0.05)
    made = json.loads(run(shop, "models", "list", "--json").stdout)[0]
    assert datetime.fromisoformat(made["created_at"]) > before
    return {name: made[name] for name in ("version", "data_from", "data_to", "users", "items", "interactions")}


def test_a_wrong_row_is_found_and_swapped_with_what_only_the_lake_has(shop: Platform) -> None:
    delete_events(shop)
    before = ask(shop, "SELECT * FROM sessions ORDER BY session_id")
    spoil(shop)
    report = json.loads(run(shop, "backfill", "--metrics", METRICS, "--swap", "--json").stdout)
    assert report["from_lake"] == len(clickhouse_ids(shop))
    wrong, right = report["comparisons"]
    assert (wrong["agrees"], right["agrees"]) == (False, True)
    assert {name: table["differences"] for name, table in wrong["tables"].items()} == {"sessions": 4, "funnel_daily": 1}
    assert report["swapped"] == {"sessions": 3, "funnel_daily": 1}  # the fourth had a version that no record has
    assert ask(shop, "SELECT * FROM sessions ORDER BY session_id") == before


def test_a_backfill_that_is_ended_leaves_no_job_and_no_topic(shop: Platform) -> None:
    arguments = ("backfill", "--metrics", METRICS, "--verify")
    with shop_in_background(shop.settings, *arguments, exit_code=TERMINATED) as running:
        expect("a job of the backfill runs", lambda: bool(backfill_jobs(shop)))
        assert backfill_topics(shop)
        running.terminate()
    expect("no job of the backfill runs", lambda: not backfill_jobs(shop))
    expect("no topic of the backfill is there", lambda: not backfill_topics(shop))


def backfill_jobs(shop: Platform) -> list[str]:
    with closing(Cluster(shop.settings)) as cluster:
        return [job.name for job in cluster.jobs() if job.name.startswith("backfill") and not job.has_ended]


def backfill_topics(shop: Platform) -> list[str]:
    topics = admin_of(shop).list_topics(timeout=WAIT_SECONDS).topics
    return [name for name in topics if name.startswith(run_topic_prefix("backfill"))]


def delete_events(shop: Platform, share: float = 1.0) -> None:
    """Delete from Kafka this share of what the lake has, the oldest first."""
    in_lake = ends(read_manifest(lake_storage(shop.settings)))
    gone = [TopicPartition(topic, partition, int(end * share)) for (topic, partition), end in in_lake.items()]
    admin = admin_of(shop)  # kept until the answers are there
    for future in admin.delete_records(gone).values():
        future.result()


def admin_of(shop: Platform) -> AdminClient:
    return AdminClient({"bootstrap.servers": shop.settings.kafka_bootstrap_servers})


def spoil(shop: Platform) -> None:
    """A row changed, two gone, one too many with a version that nothing is above, and a count changed."""
    first = "SELECT session_id FROM sessions_versions ORDER BY session_id LIMIT 1"
    next_two = "SELECT session_id FROM sessions_versions GROUP BY session_id ORDER BY session_id LIMIT 1, 2"
    columns = "* EXCEPT (session_id, _version)"
    for statement in (
        f"ALTER TABLE sessions_versions UPDATE events = events + 1 WHERE session_id IN ({first})",
        f"ALTER TABLE sessions_versions DELETE WHERE session_id IN ({next_two})",
        f"INSERT INTO sessions_versions (session_id, _version, {columns}) "
        f"SELECT 'nobody', 900000000000, {columns} FROM sessions_versions LIMIT 1",
        "ALTER TABLE funnel_daily_versions UPDATE visitors = visitors + 1 WHERE day = '2026-01-07'",
    ):
        with connected(shop.settings, shop.settings.clickhouse_database) as client:
            client.command(statement, settings={"mutations_sync": 2})


def test_a_version_that_cannot_go_on_is_refused_and_the_old_one_does(
    shop: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = other_code(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(code, "ROOT", other)
        with pytest.raises(JobError, match="The version before goes on from the savepoint"):
            shop.jobs.upgrade("sessions")
    shop.jobs.wait_until_running("sessions")


def other_code(tmp_path: Path) -> Path:
    """The code of a version that counts events otherwise, and so has other state."""
    for package in code.PACKAGES:
        for path in (code.ROOT / package).rglob("*"):
            if path.suffix in code.SHIPPED:
                copy = tmp_path / path.relative_to(code.ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
    view = tmp_path / "jobs" / "sessions" / "views" / "session_aggregates.sql"
    ours = view.read_text()
    assert "SUM(is_event) AS events" in ours
    view.write_text(ours.replace("SUM(is_event) AS events", "COUNT(DISTINCT event_time) AS events"))
    return tmp_path


def test_jobs_are_rescaled_and_count_everything_once(shop: Platform) -> None:
    for parallelism, seed in ((1, 8), (2, 9)):
        for job in JOBS:
            run(shop, "upgrade", job, "--parallelism", str(parallelism))
        assert parallelism_of(shop, "sessions") == parallelism
        simulate(shop, seed, events=1000)
    settle(shop)
    ids = clickhouse_ids(shop)
    assert len(ids) == len(set(ids))
    assert lake_ids(shop) == ids
    report = json.loads(run(shop, "backfill", "--metrics", METRICS, "--verify", "--json").stdout)
    assert [comparison["agrees"] for comparison in report["comparisons"]] == [True]
    assert 0 < report["from_lake"] < len(ids)


def parallelism_of(shop: Platform, job: str) -> int:
    with closing(Cluster(shop.settings)) as cluster:
        running = cluster.find(job)
        assert running is not None
        vertices: list[dict[str, Any]] = cluster._get(f"/jobs/{running.id}")["vertices"]
    return max(vertex["parallelism"] for vertex in vertices)


def test_clickhouse_is_made_anew_and_its_sink_goes_on(shop: Platform) -> None:
    ids, sessions = clickhouse_ids(shop), ask(shop, "SELECT * FROM sessions ORDER BY session_id")
    ask(shop, "TRUNCATE TABLE events")
    ask(shop, "TRUNCATE TABLE sessions_versions")
    run(shop, "rebuild", "clickhouse", "--table", "events", "--table", "sessions")
    assert clickhouse_ids(shop) == ids
    assert ask(shop, "SELECT * FROM sessions ORDER BY session_id") == sessions
    simulate(shop, seed=10, events=500)
    settle(shop)
    later = clickhouse_ids(shop)
    assert len(later) == len(set(later)) > len(ids)
    assert lake_ids(shop) == later


def test_redis_is_made_anew_and_as_it_was(shop: Platform) -> None:
    moment = datetime.now(UTC)
    run(shop, "rebuild", "redis")
    then = keys(shop.settings.redis_url)
    assert sum(name.startswith(b"user:") for name in then) > 50
    simulate(shop, seed=11, events=500)
    settle(shop)
    run(shop, "rebuild", "redis")
    now = keys(shop.settings.redis_url)
    assert now.keys() > then.keys()
    with closing(connect(shop.settings.redis_url, 10.0)) as client:
        client.flushall()
    run(shop, "rebuild", "redis")
    assert keys(shop.settings.redis_url) == now
    other = shop.settings.redis_url.removesuffix("/0") + "/1"
    as_of = moment.strftime("%Y-%m-%dT%H:%M:%S.%f")
    run(shop, "rebuild", "redis", "--as-of", as_of, "--to-url", other)
    assert keys(other) == then


def keys(redis_url: str) -> dict[bytes, Any]:
    """Histories and their members; what else there is belongs to the model."""
    with closing(connect(redis_url, 10.0)) as client:
        names: Any = client.keys("user:*")
        return {name: client.zrange(name, 0, -1, withscores=True) for name in names}
