"""Tables of jobs, ledger and peers in one form: sorted rows of ISO days, texts and whole numbers (amounts unscaled)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro

from bench.pipeline.flink_job import NOT_DAILY
from bench.pipeline.records import Record
from schemas.codec import HEADER_BYTES, load_schema
from schemas.results import ANALYTICS, Result, results_of

Tables = dict[str, list[list[Any]]]

DAILY: tuple[Result, ...] = tuple(result for result in results_of(ANALYTICS) if result.name not in NOT_DAILY)


def of_topics(records: Iterable[Record]) -> Tables:
    """The tables in result topics: of each key the last value."""
    results = {result.topic: result for result in DAILY}
    schemas = {result.topic: fastavro.parse_schema(load_schema(result.name)) for result in DAILY}
    last = {(record.topic, record.key): record.value for record in records if record.topic in results}
    tables: Tables = {result.name: [] for result in DAILY}
    for (topic, _), value in last.items():
        if value is not None:
            row: Any = fastavro.schemaless_reader(io.BytesIO(value[HEADER_BYTES:]), schemas[topic], None)
            tables[results[topic].name].append([_plain(cell) for cell in row.values()])
    return {name: sorted(rows) for name, rows in tables.items()}


def of_ledger(file: Path) -> Tables:
    """The tables of the simulator's ledger, with the columns of the results."""
    ledger = json.loads(file.read_text(encoding="utf-8"))["tables"]
    tables: Tables = {}
    for result in DAILY:
        kinds = ledger[result.name]["columns"]
        names = [field["name"] for field in load_schema(result.name)["fields"]]
        columns = [(list(kinds).index(name), kinds[name]) for name in names]
        tables[result.name] = sorted(
            [_plain(Decimal(row[column])) if kind == "amount" else row[column] for column, kind in columns]
            for row in ledger[result.name]["rows"]
        )
    return tables


def of_peer(file: Path) -> Tables:
    """The tables that a peer has written."""
    tables: Tables = json.loads(file.read_text(encoding="utf-8"))
    return tables


def differing(one: Tables, other: Tables) -> list[str]:
    """Names of the tables that are not the same."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _plain(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return int(cell.scaleb(4))
    return cell.isoformat() if hasattr(cell, "isoformat") else cell
