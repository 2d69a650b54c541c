"""A result in ClickHouse: a table of the versions of its rows, and a view of those that count.

``<name>_versions`` has a row for each version of a row. Of those with one key only the newest counts:

- ``_version`` is the Kafka offset that the batch of its insert began with (the last but one part of the de-duplication
  token topic-partition-first-last), so that a batch sent again, or late, never turns a row back.
- ``_is_deleted`` = 1 comes from a tombstone, whose ``_version`` is its own offset.

All versions of a key lie in one partition, a month, which is why the view may merge each partition alone. A month that
nothing was added to for an hour is merged into one part, which a query reads as it is: it has nothing left to merge.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

from schemas.results import Column, Result

_VERSION_COLUMNS: Final = (
    "_version UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2])",
    "_is_deleted UInt8 DEFAULT 0",
)
_DEDUPLICATION_WINDOW: Final = 10_000
_MERGED_WHEN_OLD: Final = "min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1"
_SCALARS: Final = {
    "string": "String",
    "long": "Int64",
    "int": "Int32",
    "double": "Float64",
    "boolean": "Bool",
}
_TIMES: Final = ("date", "timestamp-millis")


def result_statements(result: Result) -> tuple[str, ...]:
    """The DDL that makes a result's table and view, or adds what they lack; each may run twice."""
    statements = (table_ddl(result), added_columns_ddl(result), settings_ddl(result), view_ddl(result))
    return tuple(filter(None, statements))


def table_ddl(result: Result, name: str = "") -> str:
    """CREATE TABLE of the versions, under another name where one is given."""
    columns = [f"{_quoted(column.name)} {column_type(result, column)}" for column in result.stored]
    body = ",\n    ".join([*columns, *_VERSION_COLUMNS])
    partition = f"PARTITION BY toYYYYMM({_quoted(result.key[0])})\n" if is_partitioned(result) else ""
    return (
        f"CREATE TABLE IF NOT EXISTS {_quoted(name or result.storage_table)}\n(\n    {body}\n)\n"
        f"ENGINE = ReplacingMergeTree(_version, _is_deleted)\n{partition}"
        f"ORDER BY {_key(result)}\n"
        f"SETTINGS non_replicated_deduplication_window = {_DEDUPLICATION_WINDOW}"
    )


def added_columns_ddl(result: Result) -> str:
    """ALTER TABLE that adds the columns a table of an earlier release lacks; empty where all columns are the key."""
    names = [column.name for column in result.stored]
    added = [
        f"ADD COLUMN IF NOT EXISTS {_quoted(column.name)} {column_type(result, column)} AFTER {_quoted(before)}"
        for before, column in zip(names, result.stored[1:], strict=False)
        if column.name not in result.key
    ]
    return f"ALTER TABLE {_quoted(result.storage_table)}\n    " + ",\n    ".join(added) if added else ""


def settings_ddl(result: Result) -> str:
    """ALTER TABLE that has months merged which are over, in a table of an earlier release too; empty without months."""
    return (
        f"ALTER TABLE {_quoted(result.storage_table)} MODIFY SETTING {_MERGED_WHEN_OLD}"
        if is_partitioned(result)
        else ""
    )


def view_ddl(result: Result) -> str:
    """CREATE VIEW of the rows that count."""
    return f"CREATE OR REPLACE VIEW {_quoted(result.name)} AS\n{handwritten_view(result.name) or _view_query(result)}"


def sorting_key(result: Result) -> str:
    """The key of its table, as ClickHouse's ``system.tables`` has it."""
    return ", ".join(result.key)


def handwritten_view(name: str) -> str:
    """The query of a view that is more than columns of its own table; empty where there is none."""
    path = files("schemas") / "clickhouse" / "views" / f"{name}.sql"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def is_partitioned(result: Result) -> bool:
    """Whether its table has a partition a month: where its key begins with a time."""
    (first,) = (column for column in result.stored if column.name == result.key[0])
    return isinstance(first.avro, dict) and first.avro.get("logicalType") in _TIMES


def column_type(result: Result, column: Column) -> str:
    """ClickHouse's type of a stored column."""
    kind = clickhouse_type(column.avro)
    return f"LowCardinality({kind})" if column.name in result.low_cardinality else kind


def clickhouse_type(avro: Any) -> str:
    """ClickHouse's type of an Avro type."""
    if isinstance(avro, str):
        return _SCALARS[avro]
    if isinstance(avro, list):
        (inner,) = [branch for branch in avro if branch != "null"]
        return f"Nullable({clickhouse_type(inner)})"
    match avro:
        case {"logicalType": "decimal", "precision": precision, "scale": scale}:
            return f"Decimal({precision}, {scale})"
        case {"logicalType": "date"}:
            return "Date"
        case {"logicalType": "timestamp-millis"}:
            return "DateTime64(3, 'UTC')"
        case _:
            message = f"No ClickHouse type is known for the Avro type {avro!r}"
            raise ValueError(message)


def _view_query(result: Result) -> str:
    columns = ",\n    ".join(
        _quoted(column.name) if column.is_stored else f"{column.expression} AS {_quoted(column.name)}"
        for column in result.columns
    )
    merge = "\nSETTINGS do_not_merge_across_partitions_select_final = 1" if is_partitioned(result) else ""
    return f"SELECT\n    {columns}\nFROM {_quoted(result.storage_table)} FINAL{merge}"


def _key(result: Result) -> str:
    names = ", ".join(map(_quoted, result.key))
    return names if len(result.key) == 1 else f"({names})"


def _quoted(name: str) -> str:
    return f"`{name}`"
