"""Where a job that has no checkpoint begins to read, committed to its consumer group before it starts.

Flink's source asks what to do when Kafka does not hold an offset in two cases: nobody has read the partition yet, and
Kafka has deleted what was to be read next. The first is answered here, so that in the second the job can stop
(``jobs.tables.STOPS_AT_DELETED_RECORDS``) where a default would go on as if nothing were missing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import closing
from typing import Final

from confluent_kafka import Consumer, TopicPartition
from pyflink.table import StreamTableEnvironment

from connections.kafka import CommittedRecords, ask_kafka, group_offsets
from schemas.settings import Settings
from schemas.topics import consumer_group

_RESTORED_FROM: Final = "execution.state-recovery.path"


def begin_anew(tables: StreamTableEnvironment, settings: Settings, job: str, topics: Iterable[str]) -> None:
    """Let a job that has no checkpoint read its topics from the beginning.

    Raises:
        DependencyUnavailable: Kafka does not answer.
    """
    if not _is_restored(tables):
        _commit_first_offsets(settings, job, topics, ())


def begin_where_the_group_stood(
    tables: StreamTableEnvironment, settings: Settings, job: str, topics: Iterable[str]
) -> None:
    """Let a job that has no checkpoint read what its group has never read from the beginning, and go on elsewhere.

    Raises:
        DependencyUnavailable: Kafka does not answer.
    """
    if not _is_restored(tables):
        _commit_first_offsets(settings, job, topics, group_offsets(settings, consumer_group(job), topics))


def _is_restored(tables: StreamTableEnvironment) -> bool:
    return bool(tables.get_config().get(_RESTORED_FROM, ""))


def _commit_first_offsets(
    settings: Settings, job: str, topics: Iterable[str], except_for: Collection[tuple[str, int]]
) -> None:
    with CommittedRecords(settings) as records:
        starting_offsets = [
            TopicPartition(topic, partition, records.bounds(topic, partition)[0])
            for topic in topics
            for partition in records.partitions(topic)
            if (topic, partition) not in except_for
        ]
    if not starting_offsets:
        return
    options = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "group.id": consumer_group(job),
        "enable.auto.commit": False,
        "log_level": 2,
    }
    with closing(Consumer(options)) as group:
        ask_kafka(
            lambda: group.commit(offsets=starting_offsets, asynchronous=False),
            settings.kafka_bootstrap_servers,
            settings.http_timeout_seconds,
        )
