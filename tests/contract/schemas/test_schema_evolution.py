"""Each schema may gain a field with a default: old readers and new ones read what the other side writes."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import fastavro
import pytest

from schemas.codec import load_schema
from schemas.results import RANKED, RESULTS, SERVED

SCHEMAS = ("shop_event", *(result.name for result in (*RESULTS, *SERVED, *RANKED)))
NEW_FIELD = {"name": "added_later", "type": ["null", "string"], "default": None}


def evolved(schema: dict[str, Any]) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(schema))
    copy["fields"].append(NEW_FIELD)
    return copy


def sample(avro: Any) -> Any:
    """A value of a type."""
    match avro:
        case [_, second]:
            return sample(second)
        case {"logicalType": "decimal"}:
            return Decimal("12.3456")
        case {"logicalType": "date"}:
            return date(2026, 3, 29)
        case {"logicalType": "timestamp-millis"}:
            return datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
        case {"type": "array"}:
            return [sample(avro["items"])]
        case {"type": "map"}:
            return {"key": sample(avro["values"])}
        case {"type": "record"}:
            return {field["name"]: sample(field["type"]) for field in avro["fields"]}
    return {"string": "text", "long": 7, "int": 3, "double": 0.5, "boolean": True}[avro]


def read(record: dict[str, Any], writer: dict[str, Any], reader: dict[str, Any]) -> Any:
    data = io.BytesIO()
    fastavro.schemaless_writer(data, fastavro.parse_schema(writer), record)
    data.seek(0)
    return fastavro.schemaless_reader(data, fastavro.parse_schema(writer), fastavro.parse_schema(reader))


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_new_reader_reads_an_old_record(name: str) -> None:
    old = load_schema(name)
    record = sample(old)
    assert read(record, old, evolved(old)) == {**record, "added_later": None}


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_old_reader_reads_a_new_record(name: str) -> None:
    old = load_schema(name)
    record = sample(old)
    assert read({**record, "added_later": "text"}, evolved(old), old) == record


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_says_what_it_means(name: str) -> None:
    schema = load_schema(name)
    assert [field["name"] for field in schema["fields"] if not field.get("doc")] == []
