"""ClickHouse's columns are the fields of the Avro schemas, by name and by type: in the database of the platform."""

from __future__ import annotations

import re
from typing import Any

import pytest

from connections.clickhouse import connected
from local.platform import Platform
from schemas.codec import load_schema
from schemas.results import RESULTS, Result

pytestmark = pytest.mark.platform

SCALARS = {"string": "String", "long": "Int64", "int": "Int32"}
FREE = re.compile(r"LowCardinality\(Nullable\(String\)\)|(LowCardinality|Nullable)\(String\)")
OF_OURS = {"_version", "_is_deleted", "_batch"}
SCHEMA_OF_TABLE = {"events": "shop_event", **{result.storage_table: result.name for result in RESULTS}}


def clickhouse_type(avro: Any) -> str:
    """The type that a field's column must have, apart from LowCardinality, and from whether a text may be NULL."""
    if isinstance(avro, str):
        return SCALARS[avro]
    if isinstance(avro, list):
        inner = clickhouse_type(next(branch for branch in avro if branch != "null"))
        return inner if inner == "String" else f"Nullable({inner})"
    match avro:
        case {"logicalType": "decimal"}:
            return f"Decimal({avro['precision']}, {avro['scale']})"
        case {"logicalType": "date"}:
            return "Date"
        case {"logicalType": "timestamp-millis"}:
            return "DateTime64(3, 'UTC')"
        case {"type": "array"}:
            return f"Array({clickhouse_type(avro['items'])})"
        case {"type": "map"}:
            return f"Map(String, {clickhouse_type(avro['values'])})"
        case {"type": "record"}:
            fields = (f"{field['name']} {clickhouse_type(field['type'])}" for field in avro["fields"])
            return f"Tuple({', '.join(fields)})"
    raise AssertionError(avro)


def ask(platform: Platform, sql: str) -> list[tuple[Any, ...]]:
    database = platform.settings.clickhouse_database
    with connected(platform.settings, database) as client:
        return [tuple(row) for row in client.query(sql, {"database": database}).result_rows]


@pytest.mark.parametrize("table", SCHEMA_OF_TABLE)
def test_the_columns_of_a_table_are_the_fields_of_its_schema(platform: Platform, table: str) -> None:
    columns = ask(
        platform,
        "SELECT name, type FROM system.columns "
        f"WHERE database = {{database:String}} AND table = '{table}' ORDER BY position",
    )
    fields = load_schema(SCHEMA_OF_TABLE[table])["fields"]
    assert [(name, FREE.sub("String", kind)) for name, kind in columns if name not in OF_OURS] == [
        (field["name"], clickhouse_type(field["type"])) for field in fields
    ]


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: result.name)
def test_all_versions_of_a_row_meet_in_one_place(platform: Platform, result: Result) -> None:
    ((sorting_key, partition_key, engine),) = ask(
        platform,
        "SELECT sorting_key, partition_key, engine_full FROM system.tables "
        f"WHERE database = {{database:String}} AND name = '{result.storage_table}'",
    )
    assert sorting_key == ", ".join(result.key)
    assert partition_key in ("", f"toYYYYMM({result.key[0]})")
    assert engine.startswith("ReplacingMergeTree(_version, _is_deleted)")
    assert "non_replicated_deduplication_window = 10000" in engine
