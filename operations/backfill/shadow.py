"""Shadow tables: made like the live ones, filled from a run's topics by the sink's own store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import islice
from typing import Final

from clickhouse_connect.driver.client import Client
from confluent_kafka import Message

from connections.kafka import CommittedRecords
from connections.registry import SchemaRegistry
from jobs.backfill.plan import shadow_topic
from schemas.offsets import OffsetRange, Partition
from schemas.results import Result
from schemas.settings import Settings
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.store import TABLES, ClickHouseStore, Table
from sinks.core.batches import Batch

BATCH_ROWS: Final = 100_000


def shadow_table(result: Result) -> str:
    """The ClickHouse table that a backfill of a result fills."""
    return f"{result.name}_backfill"


def make_shadow_tables(client: Client, results: Iterable[Result]) -> None:
    """Make the shadow tables anew, like the live ones."""
    for result in results:
        client.command(f"DROP TABLE IF EXISTS `{shadow_table(result)}`")
        client.command(f"CREATE TABLE `{shadow_table(result)}` AS `{result.storage_table}`")


def load_shadow_tables(
    settings: Settings, run: str, results: Iterable[Result], progress: Callable[[Result, int], None]
) -> None:
    """Bring a run's rows from their topics into the shadow tables.

    Raises:
        BatchRefused: A shadow table does not take its rows.
        DependencyUnavailable: A server does not answer.
    """
    tables = {
        shadow_topic(run, result): Table(shadow_table(result), TABLES[result.topic].columns, result.key)
        for result in results
    }
    with (
        closing(ClickHouse(settings)) as clickhouse,
        closing(SchemaRegistry.of(settings)) as registry,
        CommittedRecords(settings) as records,
    ):
        store = ClickHouseStore(clickhouse, registry, tables)
        for result in results:
            loaded = 0
            for batch in topic_batches(records, shadow_topic(run, result)):
                store.insert(batch)
                loaded += len(batch.offsets)
                progress(result, loaded)


def topic_batches(records: CommittedRecords, topic: str) -> Iterator[Batch]:
    """Everything that a topic holds, as the sink's batches."""
    for number in records.partitions(topic):
        first, end = records.bounds(topic, number)
        yield from batches_between(records, Partition(topic, number), first, end)


def batches_between(records: CommittedRecords, partition: Partition, first: int, end: int) -> Iterator[Batch]:
    """The records of a partition from ``first`` to ``end``, the latter excluded, as the sink's batches."""
    messages = records.read(*partition, first, end)
    while batch := list(islice(messages, BATCH_ROWS)):
        yield _batch(partition, batch)


def _batch(partition: Partition, messages: list[Message]) -> Batch:
    offsets = [message.offset() or 0 for message in messages]
    return Batch(
        OffsetRange(partition, offsets[0], offsets[-1]),
        offsets[-1] + 1,
        offsets,
        [message.key() for message in messages],
        [message.value() for message in messages],
        [message.timestamp()[1] for message in messages],
    )
