"""Compares what the platform holds with a ledger: every row of every table, and what became of every record.

It assumes that the records of the ledger are all that the platform ever got, sent once or several times as a whole.
"""

from __future__ import annotations

import gzip
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from connections.clickhouse import connected
from connections.kafka import CommittedRecords
from operations.failed_events import failed_events
from schemas.errors import ConfigurationError
from schemas.failures import Stage
from schemas.results import RESULTS
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, EVENTS

FORMAT: Final = "shopstream-ledger-1"
NOT_IN_LEDGER: Final = "the ledger does not say what it must hold"
EXAMPLES: Final = 20
"""Differences of a table that are kept in full; all are counted."""
_FLOAT_ERROR: Final = 1e-9

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ExpectedTable:
    """What a table must hold, as the ledger says.

    Attributes:
        columns: Name of each column, the key first, and its kind: day, instant, text, count, amount or rate.
        keys: How many columns make the key.
        rows: The rows; rates are fractions like ``3/7``, everything else is as it is read from JSON.
    """

    columns: Mapping[str, str]
    keys: int
    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class LedgerFile:
    """A ledger as it was written.

    Attributes:
        settings: Time zone and limits under which it is true.
        produced: Records sent.
        accepted: Events that count.
        duplicates: Records of events that had been counted.
        failed: Reason -> records refused.
        tables: What each table must hold.
    """

    settings: Mapping[str, Any]
    produced: int
    accepted: int
    duplicates: int
    failed: Mapping[str, int]
    tables: Mapping[str, ExpectedTable]


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that is not as it must be.

    Attributes:
        kind: missing, extra, or different.
        key: The key of the row.
        cells: Column -> (what must be, what is); the whole row where one of them is missing.
    """

    kind: str
    key: Row
    cells: Mapping[str, tuple[Any, Any]]


@dataclass(slots=True)
class TableReport:
    """How a table compares.

    Attributes:
        expected: Rows that the ledger has.
        actual: Rows that the table has.
        problem: Why the rows could not be compared; empty when they could.
        counts: missing, extra, different -> rows.
        examples: The first differences.
    """

    expected: int
    actual: int = 0
    problem: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    examples: list[Difference] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether the table is as it must be."""
        return not self.problem and not self.counts

    def add(self, difference: Difference) -> None:
        """Count a difference, and keep the first ones."""
        self.counts[difference.kind] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(difference)


@dataclass(frozen=True, slots=True)
class RecordsReport:
    """What became of the records: (what must be, what is) of each count.

    Attributes:
        times: How often the ledger's records were sent.
        counts: The counts by their names.
    """

    times: int
    counts: Mapping[str, tuple[int, int]]

    @property
    def agrees(self) -> bool:
        """Whether accepted, failed and duplicates are as they must be, and together what was produced."""
        return all(expected == actual for expected, actual in self.counts.values())


def read_ledger(path: Path) -> LedgerFile:
    """Read a ledger.

    Raises:
        ConfigurationError: There is no such file, or it is no ledger.
    """
    try:
        data = path.read_bytes()
        content = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    except (OSError, ValueError, EOFError) as error:
        message = f"No ledger can be read from {path}: {error}."
        raise ConfigurationError(message) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        message = f"{path} is no ledger: './shop simulate --ledger {path}' writes one."
        raise ConfigurationError(message)
    records = content["records"]
    return LedgerFile(
        settings=content["settings"],
        produced=records["produced"],
        accepted=records["accepted"],
        duplicates=records["duplicates"],
        failed=records["failed"],
        tables={name: ExpectedTable(t["columns"], t["keys"], t["rows"]) for name, t in content["tables"].items()},
    )


def check_settings(ledger: LedgerFile, settings: Settings) -> None:
    """Refuse a ledger that was written for other settings.

    Raises:
        ConfigurationError: It was.
    """
    ours = {
        "time_zone": settings.time_zone,
        "lateness_ms": settings.allowed_lateness_seconds * 1000,
        "skew_ms": settings.clock_skew_seconds * 1000,
        "fold_orders": settings.fold_orders,
        "order_sources": list(settings.ranked_order_sources),
        "prices_include_tax": settings.prices_include_tax,
    }
    if wrong := [
        f"{name} {ledger.settings[name]}, not {value}" for name, value in ours.items() if ledger.settings[name] != value
    ]:
        message = f"The ledger is true under other settings: {'; '.join(wrong)}. Set SHOP_... as it was simulated."
        raise ConfigurationError(message)


def compare_records(ledger: LedgerFile, settings: Settings) -> RecordsReport:
    """Count what became of the records.

    Raises:
        DependencyUnavailable: Kafka or ClickHouse does not answer.
    """
    with CommittedRecords(settings) as records:
        produced = sum(end - first for first, end in _bounds(records, DOMAIN_TOPICS))
        trusted = sum(1 for _ in _values(records, EVENTS))
    with connected(settings, settings.clickhouse_database) as client:
        rows, distinct = client.query("SELECT count(), uniqExact(event_id) FROM events").result_rows[0]
    failed = Counter(str(record.reason) for record in failed_events(settings, stage=Stage.INGEST))
    times = max(1, round(produced / ledger.produced)) if ledger.produced else 1
    expected_failed = {reason: count * times for reason, count in ledger.failed.items()}
    counts = {
        "produced: records of the domain topics": (ledger.produced * times, produced),
        "accepted: records of the topic events": (ledger.accepted, trusted),
        "accepted: rows of the table events": (ledger.accepted, int(rows)),
        "accepted: distinct event ids": (ledger.accepted, int(distinct)),
    }
    for reason in sorted({*expected_failed, *failed}):
        counts[f"failed: {reason}"] = (expected_failed.get(reason, 0), failed[reason])
    again = (times - 1) * (ledger.accepted + ledger.duplicates)
    counts["duplicates: the rest"] = (ledger.duplicates + again, produced - trusted - failed.total())
    return RecordsReport(times, counts)


def check_tables(ledger: LedgerFile, names: Sequence[str]) -> None:
    """Refuse names of tables that a ledger does not have.

    Raises:
        ConfigurationError: It lacks one of them.
    """
    if unknown := sorted(set(names) - set(ledger.tables)):
        message = f"The ledger has no table {', '.join(unknown)}. It has: {', '.join(sorted(ledger.tables))}."
        raise ConfigurationError(message)


def compare_tables(
    ledger: LedgerFile, settings: Settings, names: tuple[str, ...] = ()
) -> Iterator[tuple[str, TableReport]]:
    """Compare the tables with the ledger, one after the other; a result that the ledger lacks does not agree.

    Args:
        ledger: What they must hold.
        settings: Where ClickHouse is.
        names: Only these; every result and every table of the ledger when none is given.

    Raises:
        ConfigurationError: The ledger has no table of that name.
        DependencyUnavailable: ClickHouse does not answer.
    """
    check_tables(ledger, names)
    with connected(settings, settings.clickhouse_database) as client:
        for name in names or every_table(ledger):
            expected = ledger.tables.get(name)
            yield name, _compare_table(client, name, expected) if expected else TableReport(0, problem=NOT_IN_LEDGER)


def every_table(ledger: LedgerFile) -> tuple[str, ...]:
    """Every result, and what else the ledger has."""
    return tuple(sorted({*ledger.tables, *(result.name for result in RESULTS)}))


def _compare_table(client: Client, name: str, expected: ExpectedTable) -> TableReport:
    report = TableReport(len(expected.rows))
    columns = [str(column) for (column,) in client.query(_COLUMNS_OF, parameters={"table": name}).result_rows]
    if not columns:
        report.problem = "ClickHouse has no such table"
        return report
    if set(columns) != set(expected.columns):
        lacking, beyond = sorted(set(expected.columns) - set(columns)), sorted(set(columns) - set(expected.columns))
        report.problem = f"its columns differ: missing {lacking or 'none'}, extra {beyond or 'none'}"
        return report
    answer = client.query(
        f"SELECT {', '.join(map(_quoted, expected.columns))} FROM {_quoted(name)}",  # noqa: S608 - names of ours
        tz_mode="schema",
    )
    compare_rows(expected, answer.result_rows, report)
    return report


_COLUMNS_OF: Final = "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {table:String}"


def compare_rows(expected: ExpectedTable, rows: Any, report: TableReport) -> None:
    """Compare rows by their keys.

    Args:
        expected: What must be there.
        rows: The rows that are there, columns in the ledger's order.
        report: Takes the differences.
    """
    kinds, keys = list(expected.columns.values()), expected.keys
    actual: dict[Row, Row] = {}
    for row in rows:
        report.actual += 1
        key = tuple(_plain(cell, kind) for cell, kind in zip(row[:keys], kinds, strict=False))
        if key in actual:
            report.add(Difference("extra", key, _whole(expected, None, row)))
        actual[key] = tuple(row)
    for must_be in expected.rows:
        key = tuple(must_be[:keys])
        there = actual.pop(key, None)
        if there is None:
            report.add(Difference("missing", key, _whole(expected, must_be, None)))
        elif wrong := _wrong_cells(expected, must_be, there):
            report.add(Difference("different", key, wrong))
    for key, left in actual.items():
        report.add(Difference("extra", key, _whole(expected, None, left)))


def _wrong_cells(expected: ExpectedTable, must_be: list[Any], there: Row) -> dict[str, tuple[Any, Any]]:
    return {
        name: (want, _plain(is_, kind))
        for (name, kind), want, is_ in zip(expected.columns.items(), must_be, there, strict=True)
        if not _same(want, is_, kind)
    }


def _whole(expected: ExpectedTable, must_be: Any, there: Any) -> dict[str, tuple[Any, Any]]:
    blank = [None] * len(expected.columns)
    rows = zip(expected.columns.items(), must_be or blank, there or blank, strict=True)
    return {name: (want, _plain(is_, kind)) for (name, kind), want, is_ in rows}


def _same(want: Any, actual: Any, kind: str) -> bool:
    if kind == "text":
        return (want or "") == (actual or "")  # a text that nobody gave is empty in some tables and null in others
    if want is None or actual is None:
        return want is None and actual is None
    if kind == "amount":
        return bool(Decimal(want) == actual)
    if kind == "rate":
        return _same_rate(Fraction(want), actual)
    return bool(want == _plain(actual, kind))


def _same_rate(want: Fraction, actual: Any) -> bool:
    """Whether a rate is exact to as many places as it is given with."""
    if isinstance(actual, Decimal):
        places = actual.as_tuple().exponent
        assert isinstance(places, int)
        exact = Decimal(want.numerator) / Decimal(want.denominator)
        return bool(exact.quantize(Decimal(1).scaleb(places), ROUND_HALF_UP) == actual)
    return math.isclose(float(want), float(actual), rel_tol=_FLOAT_ERROR, abs_tol=_FLOAT_ERROR)


def _plain(cell: Any, kind: str) -> Any:
    """A cell of ClickHouse as the ledger writes it."""
    if isinstance(cell, datetime):
        moment = cell.replace(tzinfo=UTC) if cell.tzinfo is None else cell.astimezone(UTC)
        return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return (cell or "") if kind == "text" else cell


def _bounds(records: CommittedRecords, topics: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    for topic in topics:
        for partition in records.partitions(topic):
            yield records.bounds(topic, partition)


def _values(records: CommittedRecords, topic: str) -> Iterator[object]:
    for partition in records.partitions(topic):
        first, end = records.bounds(topic, partition)
        yield from records.read(topic, partition, first, end)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
