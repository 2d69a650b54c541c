"""Whether everything has been consumed, with real offsets, transactions and groups."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from connections.errors import DependencyUnavailable
from local.ports import free_base
from operations.errors import StillBehind
from operations.lag import Lag, pipeline_lag, wait_until_settled
from schemas.errors import ConfigurationError
from schemas.settings import Settings
from schemas.topics import consumer_group
from sinks.core.source import GROUP as SINK_GROUP

INGEST_GROUP = consumer_group("ingest")
ANALYTICS_GROUP = consumer_group("analytics")

pytestmark = pytest.mark.platform

SETTLED = Lag(0, 0, 0, 0)
EVENT = {"topic": "events"}
Read = Callable[..., None]


@pytest.fixture
def read(kafka: Settings, admin: AdminClient) -> Read:
    """Commit, for a group, that it has read a partition up to ``left`` offsets before its end."""

    def commit(group: str, topic: str, left: int = 0, partition: int = 0) -> None:
        where = TopicPartition(topic, partition)
        end = admin.list_offsets({where: OffsetSpec.latest()}, request_timeout=10)[where].result().offset
        offsets = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition, end - left)])
        admin.alter_consumer_group_offsets([offsets], request_timeout=10)[group].result()

    return commit


def test_a_pipeline_that_nothing_has_gone_through_is_settled(kafka: Settings) -> None:
    assert pipeline_lag(kafka) == SETTLED


def test_records_that_no_group_has_committed_are_all_still_to_be_read(kafka: Settings, writer: Any) -> None:
    writer.write({"topic": "order-events"}, {"topic": "order-events", "partition": 1}, {"topic": "user-events"})
    assert pipeline_lag(kafka) == Lag(ingest=3, open_transactions=0, metrics=0, sink=0)


def test_ingest_is_behind_by_what_it_has_not_committed(kafka: Settings, writer: Any, read: Read) -> None:
    writer.write(*[{"topic": "order-events"}] * 5)
    read(INGEST_GROUP, "order-events", left=2)
    assert pipeline_lag(kafka).ingest == 2
    read(INGEST_GROUP, "order-events")
    assert pipeline_lag(kafka) == SETTLED


def test_offsets_without_a_record_at_the_end_of_a_result_are_nothing_to_read(
    kafka: Settings, writer: Any, read: Read
) -> None:
    result = {"topic": "metrics-sales-daily"}
    writer.write(result)
    writer.abort(result)  # no reader sees it, as it sees no tombstone that compaction has removed
    assert pipeline_lag(kafka).sink == 1
    read(SINK_GROUP, "metrics-sales-daily", left=2)
    assert pipeline_lag(kafka) == SETTLED


@pytest.mark.parametrize("topic", ["events", "failed-events"])
def test_a_transaction_is_seen_as_long_as_it_is_open(kafka: Settings, writer: Any, topic: str) -> None:
    with writer.open({"topic": topic}, {"topic": topic}) as transaction:
        lag = pipeline_lag(kafka)
        assert lag == Lag(ingest=0, open_transactions=2, metrics=0, sink=0)
        assert lag.stage == "open_transactions"
        transaction.abort_transaction(20)
    assert pipeline_lag(kafka) == SETTLED


def test_an_open_transaction_hides_what_was_committed_behind_it(kafka: Settings, writer: Any) -> None:
    with writer.open(EVENT) as transaction:
        writer.commit(EVENT)
        assert pipeline_lag(kafka) == Lag(ingest=0, open_transactions=3, metrics=0, sink=0)
        transaction.commit_transaction(20)
    lag = pipeline_lag(kafka)
    assert (lag.open_transactions, lag.stage) == (0, "metrics")


def test_the_marker_of_a_commit_is_nothing_to_read(kafka: Settings, writer: Any, read: Read) -> None:
    writer.commit(EVENT, EVENT, EVENT)
    read(ANALYTICS_GROUP, "events", left=1)
    read(SINK_GROUP, "events", left=1)
    assert pipeline_lag(kafka) == SETTLED


def test_the_last_record_before_a_marker_is(kafka: Settings, writer: Any, read: Read) -> None:
    writer.commit(EVENT, EVENT, EVENT)
    read(ANALYTICS_GROUP, "events", left=2)
    read(SINK_GROUP, "events", left=4)
    assert pipeline_lag(kafka) == Lag(ingest=0, open_transactions=0, metrics=1, sink=3)


def test_transactions_that_were_aborted_after_the_last_record_are_nothing_to_read(
    kafka: Settings, writer: Any, read: Read
) -> None:
    writer.commit(EVENT)
    for size in (1, 3, 40):
        writer.abort(*[EVENT] * size)
    read(ANALYTICS_GROUP, "events", left=1 + 2 + 4 + 41)
    read(SINK_GROUP, "events", left=1 + 2 + 4 + 41)
    assert pipeline_lag(kafka) == SETTLED


def test_a_record_before_many_aborted_ones_is_found(kafka: Settings, writer: Any, read: Read) -> None:
    writer.commit(EVENT)
    writer.abort(*[EVENT] * 40)
    read(ANALYTICS_GROUP, "events", left=2 + 41)
    read(SINK_GROUP, "events", left=1 + 41)
    assert pipeline_lag(kafka) == Lag(ingest=0, open_transactions=0, metrics=1, sink=0)


def test_a_partition_of_aborted_records_only_is_settled_without_any_commit(kafka: Settings, writer: Any) -> None:
    writer.abort(*[EVENT] * 20)
    assert pipeline_lag(kafka) == SETTLED


def test_the_sink_reads_events_and_results_partition_by_partition(kafka: Settings, writer: Any, read: Read) -> None:
    writer.commit(EVENT, {**EVENT, "partition": 1})
    writer.write({"topic": "metrics-sales-daily"}, {"topic": "metrics-products-daily", "partition": 1})
    for partition in (0, 1):
        read(ANALYTICS_GROUP, "events", left=1, partition=partition)
    assert pipeline_lag(kafka) == Lag(ingest=0, open_transactions=0, metrics=0, sink=4)
    read(SINK_GROUP, "events", left=1)
    read(SINK_GROUP, "events", left=1, partition=1)
    read(SINK_GROUP, "metrics-sales-daily")
    assert pipeline_lag(kafka).sink == 1
    read(SINK_GROUP, "metrics-products-daily", partition=1)
    assert pipeline_lag(kafka) == SETTLED


def test_offsets_that_retention_has_overtaken_are_not_owed(
    kafka: Settings, admin: AdminClient, writer: Any, read: Read
) -> None:
    writer.write(*[{"topic": "order-events"}] * 3)
    read(INGEST_GROUP, "order-events", left=3)
    where = TopicPartition("order-events", 0)
    end = admin.list_offsets({where: OffsetSpec.latest()}, request_timeout=10)[where].result().offset
    admin.delete_records([TopicPartition("order-events", 0, end - 1)], request_timeout=10)[where].result()
    assert pipeline_lag(kafka).ingest == 1


def test_waiting_ends_when_the_last_stage_has_read_all(kafka: Settings, writer: Any, read: Read) -> None:
    writer.write({"topic": "order-events"})
    looks: list[Lag] = []
    wait_until_settled(
        kafka, looks.append, 60, clock=lambda: 0.0, sleep=lambda _seconds: read(INGEST_GROUP, "order-events")
    )
    assert looks == [Lag(1, 0, 0, 0), SETTLED]


def test_waiting_in_vain_names_the_stage_and_how_much_is_left(kafka: Settings, writer: Any) -> None:
    writer.write({"topic": "order-events"}, {"topic": "order-events"})
    times = iter([0.0, 3.0, 6.0])
    problem = r"After 5 s ingest has 2 records of the domain topics left to check\. See './shop status'"
    with pytest.raises(StillBehind, match=problem):
        wait_until_settled(kafka, lambda _lag: None, 5, clock=lambda: next(times), sleep=lambda _seconds: None)


def test_a_broker_that_stays_away_is_named(kafka: Settings) -> None:
    port = free_base(random.Random(), (0,))
    away = kafka.model_copy(update={"kafka_bootstrap_servers": f"127.0.0.1:{port}", "http_timeout_seconds": 0.5})
    with pytest.raises(DependencyUnavailable, match=f"127.0.0.1:{port}"):
        wait_until_settled(away, lambda _lag: None, 0)


def test_a_topic_that_does_not_exist_is_named(kafka: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.lag.DOMAIN_TOPICS", ("order-events", "not-yet"))
    with pytest.raises(ConfigurationError, match=r"no topic not-yet"):
        pipeline_lag(kafka)
