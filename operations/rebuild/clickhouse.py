"""Makes ClickHouse's tables anew: ``events`` from the lake and what Kafka has beyond it, results from their topics.

A table is filled beside the live one, which the sink goes on with. Then the live one is renamed away: the sink takes
that for a server that is not ready, and waits with the batch in its hand. What it had delivered meanwhile is filled in
from Kafka, up to the offset from which it will go on, and the new table takes the name. The sink sends its batch again
and goes on: no record is left out and none comes twice.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from clickhouse_connect.driver.client import Client

from connections.clickhouse import connected
from connections.errors import DependencyUnavailable
from connections.kafka import CommittedRecords, group_offsets
from connections.registry import SchemaRegistry
from coordination.waiting import wait_until
from lake.columns import FIELDS
from lake.manifest import read_manifest
from lake.storage import lake_storage
from operations.backfill.shadow import batches_between
from operations.history.events import Part, check_lake_reaches_kafka, ends_in_lake, lake_part
from operations.rebuild.request import Progress, Rebuild, RebuildReport, RebuildRequest
from schemas.errors import ConfigurationError
from schemas.offsets import OffsetRange, Partition
from schemas.results import RESULTS
from schemas.settings import Settings
from schemas.topics import EVENTS
from sinks.clickhouse.client import INSERT_TIMEOUT_SECONDS, ClickHouse
from sinks.clickhouse.description import CLICKHOUSE
from sinks.clickhouse.store import TABLES, ClickHouseStore, Table

BATCH_ROWS: Final = 100_000
"""Events of one insert, about."""

SETTLE_SECONDS: Final = 2.0
"""How long the sink may take to commit an insert that had begun before a table was renamed, once it has ended."""

_RUNNING_INSERTS: Final = "SELECT count() FROM system.processes WHERE startsWith(query, {begin:String})"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """One table that was made anew.

    Attributes:
        table: Its name.
        from_lake: Events that came from the lake.
        from_kafka: Records that came from Kafka.
        seconds: How long it took.
        away_seconds: How long the table could not be queried.
    """

    table: str
    from_lake: int
    from_kafka: int
    seconds: float
    away_seconds: float


def rebuild_clickhouse(settings: Settings, topics: Iterable[str], progress: Progress) -> Iterator[Rebuilt]:
    """Make the tables of these topics anew, one after the other.

    Raises:
        ContractError: Events are in neither the lake nor Kafka.
        DependencyUnavailable: A server does not answer.
    """
    with _Rebuild(settings, progress) as rebuild:
        for topic in topics:
            yield rebuild.table(topic)


class _Rebuild:
    """The connections of a rebuild.

    Args:
        settings: Where the servers are.
        progress: Told what is being done.
    """

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self._settings = settings
        self._progress = progress
        self._clickhouse = ClickHouse(settings)
        self._registry = SchemaRegistry.of(settings)
        self._records = CommittedRecords(settings)

    def __enter__(self) -> _Rebuild:
        return self

    def __exit__(self, *_: object) -> None:
        self._clickhouse.close()
        self._registry.close()
        self._records.__exit__(None, None, None)

    def table(self, topic: str) -> Rebuilt:
        """Make the table of one topic anew."""
        started = time.monotonic()
        live = TABLES[topic]
        new, old = f"{live.name}_rebuilding", f"{live.name}_replaced"
        self._make(live.name, new, old)
        store = ClickHouseStore(self._clickhouse, self._registry, {topic: Table(new, live.columns, live.key)})
        filled = self._sunk(topic)
        from_lake, reached = self._fill_from_lake(new, filled) if topic == EVENTS else (0, {})
        from_kafka = self._fill_from_kafka(store, topic, reached, filled)
        away = time.monotonic()
        self._rename(live.name, old)
        try:
            self._wait_for_inserts(live.name)
            from_kafka += self._fill_from_kafka(store, topic, filled, self._sunk(topic))
        except BaseException:
            self._rename(old, live.name)
            raise
        self._rename(new, live.name)
        back = time.monotonic()
        self._drop(old)
        return Rebuilt(live.name, from_lake, from_kafka, time.monotonic() - started, back - away)

    def _make(self, live: str, new: str, old: str) -> None:
        with connected(self._settings, self._settings.clickhouse_database) as client:
            _restore_interrupted(client, live, old)
            client.command(f"DROP TABLE IF EXISTS `{new}`")
            client.command(f"CREATE TABLE `{new}` AS `{live}`")

    def _rename(self, name: str, other: str) -> None:
        with connected(self._settings, self._settings.clickhouse_database) as client:
            client.command(f"RENAME TABLE `{name}` TO `{other}`")

    def _wait_for_inserts(self, table: str) -> None:
        """Wait until the sink has ended, and committed, what it was inserting when the table was renamed."""
        self._progress(f"{table}: waiting for the sink to pause ...")
        wait_until(
            lambda: self._clickhouse.ask(_RUNNING_INSERTS, begin=f"INSERT INTO `{table}`") == "0",
            2 * INSERT_TIMEOUT_SECONDS,
            lambda: DependencyUnavailable("ClickHouse", self._settings.clickhouse_url, f"an insert into {table} hangs"),
            poll_seconds=SETTLE_SECONDS / 10,
        )
        time.sleep(SETTLE_SECONDS)

    def _drop(self, name: str) -> None:
        with connected(self._settings, self._settings.clickhouse_database) as client:
            client.command(f"DROP TABLE `{name}` SYNC")

    def _sunk(self, topic: str) -> dict[int, int]:
        """Partition -> the offset from which the sink goes on; where Kafka begins if it never did, or is beyond it."""
        sunk = group_offsets(self._settings, CLICKHOUSE.group, (topic,))
        return {
            partition: max(sunk.get(Partition(topic, partition), 0), self._records.bounds(topic, partition)[0])
            for partition in self._records.partitions(topic)
        }

    def _fill_from_lake(self, table: str, end: Mapping[int, int]) -> tuple[int, dict[int, int]]:
        """Insert what the lake has before these offsets; how many events, and where Kafka has to go on."""
        storage = lake_storage(self._settings)
        entries = read_manifest(storage)
        in_lake = ends_in_lake(entries)
        for partition in end:
            check_lake_reaches_kafka(partition, in_lake.get(partition, 0), self._records.bounds(EVENTS, partition)[0])
        inserted = 0
        reached = {partition: min(in_lake.get(partition, 0), at) for partition, at in end.items()}
        in_batches = reaching(gathered(lake_part(storage, entries, dict(end)), BATCH_ROWS), reached)
        for number, (offsets, events) in enumerate(in_batches):
            self._clickhouse.insert(table, FIELDS, "Parquet", [_as_parquet(events)], token_of(offsets, number))
            inserted += len(events)
            self._progress(f"{table}: {inserted:,} events from the lake ...")
        return inserted, reached

    def _fill_from_kafka(
        self, store: ClickHouseStore, topic: str, start: Mapping[int, int], end: Mapping[int, int]
    ) -> int:
        inserted = 0
        for number, last in end.items():
            partition = Partition(topic, number)
            for batch in batches_between(self._records, partition, start.get(number, 0), last):
                store.insert(batch)
                inserted += len(batch.offsets)
                self._progress(f"{topic}: {inserted:,} records from Kafka ...")
        return inserted


def gathered(parts: Iterable[tuple[Part, pa.Table]], rows: int) -> Iterator[tuple[OffsetRange, pa.Table]]:
    """Events of neighbouring files of one partition as one table of about so many rows, and the range they are of."""
    for _, of_partition in groupby(parts, key=lambda each: each[0].offsets.partition):
        ranges: list[OffsetRange] = []
        tables: list[pa.Table] = []
        for part, table in of_partition:
            ranges.append(part.offsets)
            tables.append(table)
            if sum(map(len, tables)) >= rows:
                yield _hull(ranges), pa.concat_tables(tables)
                ranges, tables = [], []
        if any(map(len, tables)):
            yield _hull(ranges), pa.concat_tables(tables)


def reaching(
    tables: Iterable[tuple[OffsetRange, pa.Table]], end: Mapping[int, int]
) -> Iterator[tuple[OffsetRange, pa.Table]]:
    """The same, the last range of each partition up to where the lake ends: behind the marker of a transaction."""
    held: tuple[OffsetRange, pa.Table] | None = None
    for each in tables:
        if held is not None:
            yield held if held[0].partition == each[0].partition else _reaching(held, end)
        held = each
    if held is not None:
        yield _reaching(held, end)


def _reaching(last: tuple[OffsetRange, pa.Table], end: Mapping[int, int]) -> tuple[OffsetRange, pa.Table]:
    offsets, table = last
    return replace(offsets, last=max(offsets.last, end[offsets.partition.number] - 1)), table


def token_of(offsets: OffsetRange, number: int) -> str:
    """De-duplication token of an insert: it begins with the partition and ends with the last offset, as any.

    Events of one range may come in several inserts, hence the number.
    """
    return f"{offsets.partition}-lake{number}-{offsets.first}-{offsets.last}"


def _hull(ranges: list[OffsetRange]) -> OffsetRange:
    return replace(ranges[0], last=ranges[-1].last)


def _restore_interrupted(client: Client, live: str, old: str) -> None:
    """Give a table its name back that a rebuild had renamed before it was killed."""
    names = {str(row[0]) for row in client.query("SHOW TABLES").result_rows}
    if old in names and live not in names:
        client.command(f"RENAME TABLE `{old}` TO `{live}`")
    elif old in names:
        client.command(f"DROP TABLE `{old}` SYNC")


def _as_parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table.select(list(FIELDS)), out, compression="lz4")
    return out.getvalue()


def _run(settings: Settings, request: RebuildRequest, progress: Progress) -> RebuildReport:
    topics = {EVENTS: EVENTS, **{result.name: result.topic for result in RESULTS}}
    if unknown := sorted(set(request.tables) - topics.keys()):
        message = f"There is no table {', '.join(unknown)}. There are: {', '.join(topics)}."
        raise ConfigurationError(message)
    chosen = [topic for name, topic in topics.items() if not request.tables or name in request.tables]
    columns = ("table", "from the lake", "from Kafka", "seconds", "rows/s", "away")
    return RebuildReport(columns, tuple(map(_row, rebuild_clickhouse(settings, chosen, progress))))


def _row(rebuilt: Rebuilt) -> tuple[str, ...]:
    rows = rebuilt.from_lake + rebuilt.from_kafka
    return (
        rebuilt.table,
        f"{rebuilt.from_lake:,}",
        f"{rebuilt.from_kafka:,}",
        f"{rebuilt.seconds:.1f}",
        f"{rows / max(rebuilt.seconds, 1e-9):,.0f}",
        f"{rebuilt.away_seconds:.1f} s",
    )


CLICKHOUSE_REBUILD: Final = Rebuild(_run, frozenset({"tables"}))
