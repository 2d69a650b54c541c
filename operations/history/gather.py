"""All events there are, for a job whose input ends: those of the lake in a topic of their own, the others in Kafka.

The topics of a run are deleted when it ends, however it does; those of one that was killed, when the next begins.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from connections.errors import DependencyUnavailable
from connections.kafka import CommittedRecords, ask_kafka
from jobs.history.bounded import BoundedEvents
from lake.columns import to_events
from lake.manifest import Entry, read_manifest
from lake.storage import Storage, lake_storage
from operations.history.events import check_lake_reaches_kafka, ends_in_lake, lake_part
from producers.publisher import Publisher
from schemas.settings import Settings
from schemas.topics import EVENTS, run_topic, run_topic_prefix

log = logging.getLogger(__name__)

LAKE_EVENTS: Final = "lake-events"

Progress = Callable[[str], None]
Bounds = Mapping[int, tuple[int, int]]
"""Partition of ``events`` -> the first offset that Kafka holds, and the offset at which it ends."""

CheckReach = Callable[[int, int, int], None]
"""Called for each partition with the offset at which the lake ends and the one at which Kafka begins."""


class Source(StrEnum):
    """Where the events come from.

    AUTO takes from the lake only what Kafka no longer holds; LAKE takes from it all that it has.
    """

    AUTO = "auto"
    LAKE = "lake"


@dataclass(frozen=True, slots=True)
class Gathered:
    """Where a job finds all events.

    Attributes:
        input: For the job.
        from_lake: How many of them come from the lake.
    """

    input: BoundedEvents
    from_lake: int

    @property
    def events(self) -> int:
        """How many there are, markers of transactions among them."""
        first, end = self.input.from_offsets, self.input.to_offsets
        return self.from_lake + sum(end[partition] - first[partition] for partition in first)


def event_bounds(records: CommittedRecords) -> dict[int, tuple[int, int]]:
    """What Kafka holds of ``events`` here and now.

    Raises:
        DependencyUnavailable: Kafka does not answer.
        ConfigurationError: The topic does not exist.
    """
    return {partition: records.bounds(EVENTS, partition) for partition in records.partitions(EVENTS)}


def gather(
    settings: Settings,
    bounds: Bounds,
    source: Source,
    topics: RunTopics,
    progress: Progress,
    check_reach: CheckReach = check_lake_reaches_kafka,
) -> Gathered:
    """Bring the events that come from the lake into a topic of the run.

    Raises:
        ContractError: Events are in neither the lake nor Kafka, and ``check_reach`` minds.
        DependencyUnavailable: Kafka, the registry or the lake does not answer.
    """
    end = {partition: end for partition, (_, end) in bounds.items()}
    held = {partition: low for partition, (low, _) in bounds.items()}
    if source is Source.AUTO and not any(held.values()):
        return Gathered(BoundedEvents("", held, end), 0)
    storage = lake_storage(settings)
    entries = read_manifest(storage)
    in_lake = ends_in_lake(entries)
    for partition, low in held.items():
        check_reach(partition, in_lake.get(partition, 0), low)
    first = first_offsets(bounds, in_lake, source)
    (topic,) = topics.create([LAKE_EVENTS])
    published = _publish(settings, storage, entries, first, topic, progress)
    return Gathered(BoundedEvents(topic if published else "", first, end), published)


def first_offsets(bounds: Bounds, in_lake: Mapping[int, int], source: Source) -> dict[int, int]:
    """Partition of ``events`` -> where Kafka goes on: what lies before it comes from the lake.

    Args:
        bounds: What Kafka holds.
        in_lake: Partition -> the offset from which on the lake holds nothing.
        source: Where the events come from.
    """
    if source is Source.AUTO:
        return {partition: low for partition, (low, _) in bounds.items()}
    return {partition: max(low, min(in_lake.get(partition, 0), end)) for partition, (low, end) in bounds.items()}


def accept_deleted(partition: int, in_lake: int, in_kafka: int) -> None:
    """Say what is in neither, and go on."""
    if in_kafka > in_lake:
        log.warning(
            "The records %d to %d of %s-%d are in neither the lake nor Kafka. SHOP_KAFKA_GAPS accepts that.",
            *(in_lake, in_kafka - 1, EVENTS, partition),
        )


class RunTopics:
    """The topics of a run; a context manager that deletes them, and what a run that was killed left.

    Two runs of one kind must not go on at once.

    Args:
        settings: Where Kafka is, and what a topic is like.
        kind: What runs.
    """

    def __init__(self, settings: Settings, kind: str) -> None:
        self._settings = settings
        self._kind = kind
        self._admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers}, logger=log)
        self._made: list[str] = []
        self.run = format(time.time_ns() // 1_000_000, "x")

    def __enter__(self) -> RunTopics:
        servers, timeout = self._settings.kafka_bootstrap_servers, self._settings.http_timeout_seconds
        topics = ask_kafka(lambda: self._admin.list_topics(timeout=timeout), servers, timeout).topics
        self._drop([name for name in topics if name.startswith(run_topic_prefix(self._kind))])
        return self

    def __exit__(self, *_: object) -> None:
        self._drop(self._made)

    def create(self, names: Iterable[str]) -> list[str]:
        """Make topics that keep everything until they are deleted; what they are called in full.

        Raises:
            DependencyUnavailable: Kafka does not make them.
        """
        full = [run_topic(self._kind, self.run, name) for name in names]
        new = [
            NewTopic(
                name,
                num_partitions=self._settings.topic_partitions,
                replication_factor=self._settings.topic_replication,
                config={"retention.ms": "-1", "cleanup.policy": "delete"},
            )
            for name in full
        ]
        self._made += full
        self._wait(self._admin.create_topics(new, request_timeout=self._settings.http_timeout_seconds))
        return full

    def _drop(self, names: list[str]) -> None:
        if names:
            self._wait(self._admin.delete_topics(names, request_timeout=self._settings.http_timeout_seconds))

    def _wait(self, futures: Mapping[str, Future[Any]]) -> None:
        try:
            for future in futures.values():
                future.result()
        except KafkaException as error:
            servers = self._settings.kafka_bootstrap_servers
            raise DependencyUnavailable("Kafka", servers, str(error.args[0])) from error


def _publish(
    settings: Settings, storage: Storage, entries: Iterable[Entry], end: dict[int, int], topic: str, progress: Progress
) -> int:
    """Publish the events of the lake below ``end`` of their partition; how many they are."""
    published = 0
    with Publisher(settings) as publisher:
        for _, table in lake_part(storage, entries, end):
            for event in to_events(table):
                publisher.publish_again(topic, event)
            published += len(table)
            progress(f"Reading the lake: {published:,} events ...")
    return published
