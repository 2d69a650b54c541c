"""Whether everything has been consumed, with real offsets, transactions and groups."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from connections.errors import DependencyUnavailable
from coordination.waiting import wait_until
from local.ports import free_base
from operations.errors import StillBehind
from operations.lag import PROMPT_SINKS, Lag, ends_with_open, pipeline_lag, wait_until_read, wait_until_settled
from schemas.errors import ConfigurationError
from schemas.redis_keys import SINK_OFFSETS
from schemas.settings import Settings
from schemas.topics import consumer_group
from sinks.clickhouse.description import CLICKHOUSE
from sinks.lake.description import LAKE
from sinks.lists.description import RANKED_LISTS
from tests.support.flink_cluster import JobManager, job_manager
from tests.support.serving import RedisProcess

INGEST_GROUP = consumer_group("ingest")
ANALYTICS_GROUP = consumer_group("analytics")
SINK_GROUP = CLICKHOUSE.group

pytestmark = pytest.mark.platform


def lag_of(ingest: int = 0, open_transactions: int = 0, analytics: int = 0, clickhouse: int = 0) -> Lag:
    """The lag of a pipeline whose other jobs and sinks have read everything."""
    return Lag(
        ingest, open_transactions, {"analytics": analytics}, {"ClickHouse": clickhouse, "The lists": 0, "Redis": 0}
    )


def read_events(read: Read) -> None:
    """Bring the readers of events to its end."""
    for group in (ANALYTICS_GROUP, SINK_GROUP):
        read(group, "events")


SETTLED = lag_of()
EVENT = {"topic": "events"}
Read = Callable[..., None]


@pytest.fixture
def kafka(kafka: Settings, flink: JobManager, redis: RedisProcess) -> Settings:
    """The servers of the tests in this folder, with a cluster that runs nothing and an empty Redis."""
    flink.jobs = {}
    redis.client.flushall()
    return kafka.model_copy(update={"flink_url": flink.url, "redis_url": redis.url})


@pytest.fixture(scope="module")
def flink() -> Iterator[JobManager]:
    with job_manager() as manager:
        yield manager


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path_factory.mktemp("redis"))
    process.start()
    yield process
    process.close()


@pytest.fixture
def read(kafka: Settings, admin: AdminClient) -> Read:
    """Commit, for a group, that it has read a partition up to ``left`` offsets before its end."""

    def commit(group: str, topic: str, left: int = 0, partition: int = 0) -> None:
        where = TopicPartition(topic, partition)
        end = admin.list_offsets({where: OffsetSpec.latest()}, request_timeout=10)[where].result().offset
        offsets = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition, end - left)])

        def is_committed() -> bool:  # not while the group's coordinator is loading
            answer = admin.alter_consumer_group_offsets([offsets], request_timeout=10)[group].result()
            return not any(each.error for each in answer.topic_partitions)

        wait_until(is_committed, 10, lambda: AssertionError(f"{group} cannot commit"))

    return commit


def test_a_pipeline_that_nothing_has_gone_through_is_settled(kafka: Settings) -> None:
    assert pipeline_lag(kafka, PROMPT_SINKS) == SETTLED


def test_records_that_no_group_has_committed_are_all_still_to_be_read(kafka: Settings, writer: Any) -> None:
    writer.write({"topic": "order-events"}, {"topic": "order-events", "partition": 1}, {"topic": "user-events"})
    assert pipeline_lag(kafka, PROMPT_SINKS) == lag_of(ingest=3)


def test_ingest_is_behind_by_what_it_has_not_committed(kafka: Settings, writer: Any, read: Read) -> None:
    writer.write(*[{"topic": "order-events"}] * 5)
    read(INGEST_GROUP, "order-events", left=2)
    assert pipeline_lag(kafka, PROMPT_SINKS).ingest == 2
    read(INGEST_GROUP, "order-events")
    assert pipeline_lag(kafka, PROMPT_SINKS) == SETTLED


def test_offsets_without_a_record_at_the_end_of_a_result_are_nothing_to_read(
    kafka: Settings, writer: Any, read: Read
) -> None:
    result = {"topic": "metrics-sales-daily"}
    writer.write(result)
    writer.abort(result)  # no reader sees it, as it sees no tombstone that compaction has removed
    assert pipeline_lag(kafka, PROMPT_SINKS).sinks["ClickHouse"] == 1
    read(SINK_GROUP, "metrics-sales-daily", left=2)
    assert pipeline_lag(kafka, PROMPT_SINKS) == SETTLED


@pytest.mark.parametrize("topic", ["events", "failed-events"])
def test_a_transaction_is_seen_as_long_as_it_is_open(kafka: Settings, writer: Any, topic: str) -> None:
    with writer.open({"topic": topic}, {"topic": topic}) as transaction:
        lag = pipeline_lag(kafka, PROMPT_SINKS)
        assert lag == lag_of(open_transactions=2)
        assert lag.stage == "open_transactions"
        transaction.abort_transaction(20)
    assert pipeline_lag(kafka, PROMPT_SINKS) == SETTLED


def test_an_open_transaction_hides_what_was_committed_behind_it(kafka: Settings, writer: Any) -> None:
    with writer.open(EVENT) as transaction:
        writer.commit(EVENT)
        assert pipeline_lag(kafka, PROMPT_SINKS) == lag_of(open_transactions=3)
        transaction.commit_transaction(20)
    lag = pipeline_lag(kafka, PROMPT_SINKS)
    assert (lag.open_transactions, lag.stage) == (0, "jobs")


def test_the_marker_of_a_commit_is_nothing_to_read(kafka: Settings, writer: Any, read: Read) -> None:
    writer.commit(EVENT, EVENT, EVENT)
    read(ANALYTICS_GROUP, "events", left=1)
    read(SINK_GROUP, "events", left=1)
    assert pipeline_lag(kafka, PROMPT_SINKS) == SETTLED


def test_the_last_record_before_a_marker_is(kafka: Settings, writer: Any, read: Read) -> None:
    writer.commit(EVENT, EVENT, EVENT)
    read(ANALYTICS_GROUP, "events", left=2)
    read(SINK_GROUP, "events", left=4)
    assert pipeline_lag(kafka, PROMPT_SINKS) == lag_of(analytics=1, clickhouse=3)


def test_transactions_that_were_aborted_after_the_last_record_are_nothing_to_read(
    kafka: Settings, writer: Any, read: Read
) -> None:
    writer.commit(EVENT)
    for size in (1, 3, 40):
        writer.abort(*[EVENT] * size)
    read(ANALYTICS_GROUP, "events", left=1 + 2 + 4 + 41)
    read(SINK_GROUP, "events", left=1 + 2 + 4 + 41)
    assert pipeline_lag(kafka, PROMPT_SINKS) == SETTLED


def test_a_record_before_many_aborted_ones_is_found(kafka: Settings, writer: Any, read: Read) -> None:
    writer.commit(EVENT)
    writer.abort(*[EVENT] * 40)
    read(ANALYTICS_GROUP, "events", left=2 + 41)
    read(SINK_GROUP, "events", left=1 + 41)
    assert pipeline_lag(kafka, PROMPT_SINKS) == lag_of(analytics=1)


def test_a_partition_of_aborted_records_only_is_settled_without_any_commit(kafka: Settings, writer: Any) -> None:
    writer.abort(*[EVENT] * 20)
    assert pipeline_lag(kafka, PROMPT_SINKS) == SETTLED


def test_the_sink_reads_events_and_results_partition_by_partition(kafka: Settings, writer: Any, read: Read) -> None:
    writer.commit(EVENT, {**EVENT, "partition": 1})
    writer.write({"topic": "metrics-sales-daily"}, {"topic": "metrics-products-daily", "partition": 1})
    for partition in (0, 1):
        read(ANALYTICS_GROUP, "events", left=1, partition=partition)
    assert pipeline_lag(kafka, PROMPT_SINKS) == lag_of(clickhouse=4)
    read(SINK_GROUP, "events", left=1)
    read(SINK_GROUP, "events", left=1, partition=1)
    read(SINK_GROUP, "metrics-sales-daily")
    assert pipeline_lag(kafka, PROMPT_SINKS).sinks["ClickHouse"] == 1
    read(SINK_GROUP, "metrics-products-daily", partition=1)
    assert pipeline_lag(kafka, PROMPT_SINKS) == SETTLED


def test_offsets_that_retention_has_overtaken_are_not_owed(
    kafka: Settings, admin: AdminClient, writer: Any, read: Read
) -> None:
    writer.write(*[{"topic": "order-events"}] * 3)
    read(INGEST_GROUP, "order-events", left=3)
    where = TopicPartition("order-events", 0)
    end = admin.list_offsets({where: OffsetSpec.latest()}, request_timeout=10)[where].result().offset
    admin.delete_records([TopicPartition("order-events", 0, end - 1)], request_timeout=10)[where].result()
    assert pipeline_lag(kafka, PROMPT_SINKS).ingest == 1


def test_waiting_ends_when_the_last_stage_has_read_all(
    kafka: Settings, writer: Any, read: Read, flink: JobManager
) -> None:
    flink.jobs = {"ingest": "RUNNING"}
    writer.write({"topic": "order-events"})
    looks: list[Lag] = []
    wait_until_settled(
        kafka, looks.append, 60, clock=lambda: 0.0, sleep=lambda _seconds: read(INGEST_GROUP, "order-events")
    )
    assert looks == [lag_of(ingest=1), SETTLED]
    assert flink.checkpoints == ["ingest"]


def test_waiting_in_vain_names_the_stage_and_how_much_is_left(kafka: Settings, writer: Any) -> None:
    writer.write({"topic": "order-events"}, {"topic": "order-events"})
    seconds = 0.0

    def pause(_seconds: float) -> None:
        nonlocal seconds
        seconds += 3.0

    problem = r"After 5 s ingest has 2 records of the domain topics left to check\. See './shop status'"
    with pytest.raises(StillBehind, match=problem):
        wait_until_settled(kafka, lambda _lag: None, 5, clock=lambda: seconds, sleep=pause)


def test_waiting_in_vain_for_a_job_says_how_it_fares_and_what_is_held_back(
    kafka: Settings, writer: Any, read: Read, flink: JobManager
) -> None:
    flink.jobs = {"analytics": "RUNNING"}
    read_events(read)
    with writer.open(EVENT, EVENT) as transaction:
        ends = ends_with_open(kafka, ["events"])
        with pytest.raises(StillBehind) as raised:
            wait_until_read(kafka, ANALYTICS_GROUP, ends, 0)
        transaction.abort_transaction(20)
    wait_until_read(kafka, ANALYTICS_GROUP, ends, 0)
    message = str(raised.value)
    assert "has 2 records left to read" in message
    assert "analytics is running with 1 of 1 tasks, 2 restarts, its last checkpoint" in message
    assert "s ago, last failure: No room; 2 records of its topics are in open transactions" in message


def test_waiting_in_vain_for_a_job_that_does_not_run_says_so(kafka: Settings, writer: Any, read: Read) -> None:
    writer.commit(EVENT)
    with pytest.raises(StillBehind, match=r"records left to read \(the job analytics does not run\)"):
        wait_until_read(kafka, ANALYTICS_GROUP, ends_with_open(kafka, ["events"]), 0)
    read_events(read)


def test_a_broker_that_stays_away_is_named(kafka: Settings) -> None:
    port = free_base(random.Random(), (0,))
    away = kafka.model_copy(update={"kafka_bootstrap_servers": f"127.0.0.1:{port}", "http_timeout_seconds": 0.5})
    with pytest.raises(DependencyUnavailable, match=f"127.0.0.1:{port}"):
        wait_until_settled(away, lambda _lag: None, 0)


def test_a_topic_that_does_not_exist_is_named(kafka: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.lag.DOMAIN_TOPICS", ("order-events", "not-yet"))
    with pytest.raises(ConfigurationError, match=r"no topic not-yet"):
        pipeline_lag(kafka, PROMPT_SINKS)


def test_every_running_job_is_waited_for(kafka: Settings, writer: Any, read: Read, flink: JobManager) -> None:
    flink.jobs = {"ingest": "RUNNING", "feedback": "RUNNING", "personalise": "RESTARTING", "trending": "CANCELED"}
    writer.commit(EVENT)
    for group in (ANALYTICS_GROUP, SINK_GROUP, consumer_group("feedback")):
        read(group, "events", left=1)
    assert pipeline_lag(kafka, PROMPT_SINKS).jobs == {"feedback": 0, "personalise": 1}
    read(consumer_group("personalise"), "events", left=1)
    assert pipeline_lag(kafka, PROMPT_SINKS).settled


def test_a_job_that_a_new_job_manager_does_not_know_yet_is_waited_for(
    kafka: Settings, writer: Any, read: Read, flink: JobManager
) -> None:
    flink.jobs = {"feedback": "RUNNING"}
    writer.commit(EVENT)
    for group in (ANALYTICS_GROUP, SINK_GROUP):
        read(group, "events", left=1)
    looks: list[Lag] = []

    def job_manager_is_lost_and_the_job_catches_up(_seconds: float) -> None:
        flink.is_away = not flink.is_away
        flink.jobs = {}
        if not flink.is_away:
            read(consumer_group("feedback"), "events", left=1)

    wait_until_settled(kafka, looks.append, 60, clock=lambda: 0.0, sleep=job_manager_is_lost_and_the_job_catches_up)
    assert [look.jobs for look in looks] == [{"feedback": 1}, {"feedback": 0, "analytics": 0}]


def test_a_job_manager_that_stays_away_is_named(kafka: Settings, flink: JobManager) -> None:
    flink.is_away = True
    try:
        with pytest.raises(DependencyUnavailable, match="Flink at"):
            wait_until_settled(kafka, lambda _lag: None, 0)
    finally:
        flink.is_away = False


def test_redis_itself_says_what_its_sink_has_written(
    kafka: Settings, writer: Any, read: Read, redis: RedisProcess, admin: AdminClient
) -> None:
    writer.write({"topic": "products"}, {"topic": "products"})
    where = TopicPartition("products", 0)
    end = admin.list_offsets({where: OffsetSpec.latest()}, request_timeout=10)[where].result().offset
    assert pipeline_lag(kafka, PROMPT_SINKS).sinks == {"ClickHouse": 0, "The lists": 2, "Redis": 2}
    read(RANKED_LISTS.group, "products")
    redis.client.hset(SINK_OFFSETS, "products-0", end - 1)
    assert pipeline_lag(kafka, PROMPT_SINKS).sinks == {"ClickHouse": 0, "The lists": 0, "Redis": 1}
    redis.client.hset(SINK_OFFSETS, "products-0", end)
    assert pipeline_lag(kafka, PROMPT_SINKS).settled


def test_the_lake_gathers_for_long_and_is_waited_for_only_when_it_is_asked_for(
    kafka: Settings, writer: Any, read: Read
) -> None:
    writer.commit(EVENT)
    for group in (ANALYTICS_GROUP, SINK_GROUP):
        read(group, "events", left=1)
    assert pipeline_lag(kafka).sinks == {"ClickHouse": 0, "The lists": 0, "Redis": 0, "The lake": 1}
    wait_until_settled(kafka, lambda _lag: None, 0)
    with pytest.raises(StillBehind, match="sinks have records left to write: The lake 1"):
        wait_until_settled(kafka, lambda _lag: None, 0, (CLICKHOUSE, LAKE))
