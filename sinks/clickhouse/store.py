"""A batch as inserts: its rows as they came, its tombstones as deleted rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from connections.errors import BatchRefused
from connections.registry import SchemaRegistry
from schemas.codec import load_schema
from schemas.errors import ContractError
from schemas.offsets import Partition
from schemas.results import RESULTS
from schemas.topics import EVENTS
from sinks.clickhouse.client import ClickHouse
from sinks.core.batches import Batch
from sinks.core.framing import FramedDecoder

EVENTS_TABLE: Final = "events"

_LAST_OFFSET: Final = """
SELECT max(toInt64(splitByChar('-', _batch)[-1])), count()
FROM {table:Identifier}
WHERE startsWith(_batch, {prefix:String})
"""


@dataclass(frozen=True, slots=True)
class Table:
    """Where the records of a topic go.

    Attributes:
        name: The table.
        columns: The fields of the topic's Avro schema, which are columns of the table.
        key: The columns that make a row's key, where a later record replaces a row and a tombstone deletes it; none
            where rows are only added.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()


def _fields(schema: str) -> tuple[str, ...]:
    return tuple(field["name"] for field in load_schema(schema)["fields"])


TABLES: Final = {
    EVENTS: Table(EVENTS_TABLE, _fields("shop_event")),
    **{result.topic: Table(result.storage_table, _fields(result.name), result.key) for result in RESULTS},
}
"""Topic -> its table."""


class ClickHouseStore:
    """The tables that topics go to.

    Args:
        clickhouse: The server.
        registry: Knows the schemas of keys; asked only when there is a tombstone.
        tables: Topic -> its table.
    """

    def __init__(self, clickhouse: ClickHouse, registry: SchemaRegistry, tables: Mapping[str, Table] = TABLES) -> None:
        self._clickhouse = clickhouse
        self._tables = tables
        self._keys = FramedDecoder(registry)

    def insert(self, batch: Batch) -> None:
        """Insert the rows, then the deletions, each with its token.

        A deletion's version is its own offset, which no row of the batch reaches: rows have that of the first.

        Raises:
            BatchRefused: The table does not take the rows.
            DependencyUnavailable: ClickHouse or the registry does not answer.
        """
        table, token = self._tables[batch.range.partition.topic], str(batch.range)
        try:
            if rows := batch.rows():
                self._clickhouse.insert(table.name, table.columns, "AvroConfluent", rows, token)
            if deletions := batch.deletions():
                columns = (*table.key, "_version", "_is_deleted")
                deleted = [self._deleted_row(table, offset, key) for offset, key in deletions]
                self._clickhouse.insert(table.name, columns, "JSONEachRow", deleted, f"deleted-{token}")
        except (ContractError, ValueError) as error:
            store = f"ClickHouse's table {table.name}"
            raise BatchRefused(store, token, str(error)) from error

    def end_of(self, partition: Partition) -> int | None:
        """The offset behind the last record of ``partition`` that is in its table; None when that is not known.

        Only a table whose rows are never replaced needs it, and keeps it: read again, results change nothing.
        """
        table = self._tables[partition.topic]
        if table.key:
            return None
        last, rows = self._clickhouse.ask(_LAST_OFFSET, table=table.name, prefix=f"{partition}-").split("\t")
        return int(last) + 1 if int(rows) else None

    def check_ready(self) -> None:
        """Ask each table for nothing.

        Raises:
            DependencyUnavailable: ClickHouse does not answer, or a table is not there yet.
        """
        for table in self._tables.values():
            self._clickhouse.ask(f"SELECT 1 FROM `{table.name}` LIMIT 0")  # noqa: S608 - a name of ours

    def _deleted_row(self, table: Table, offset: int, key: bytes | None) -> bytes:
        if not table.key or key is None:
            message = (
                f"the record at offset {offset} has no value, and no row of {table.name} can be deleted by its key"
            )
            raise ValueError(message)
        fields = self._keys.decode(key)
        row = {name: fields[name] for name in table.key} | {"_version": offset, "_is_deleted": 1}
        return json.dumps(row, default=_json_value).encode() + b"\n"


def _json_value(value: object) -> str:
    """ISO 8601 for ClickHouse; a time without zone is UTC, as all our times are."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC).isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    message = f"a key holds {value!r}, of a type that no key of a result has"
    raise ValueError(message)
