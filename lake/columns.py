"""ShopEvents as Arrow columns and back: every field with its type, and where the record stood in Kafka."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa

from schemas.codec import load_schema

PARTITION: Final = "kafka_partition"
OFFSET: Final = "kafka_offset"
TIMESTAMP: Final = "kafka_timestamp"
TOPIC: Final = "kafka_topic"
EVENT_TIME: Final = "event_time"
EVENT_ID: Final = "event_id"
_KAFKA: Final = (TOPIC, PARTITION, OFFSET, TIMESTAMP)
MILLISECONDS: Final = pa.timestamp("ms", "UTC")

_FIELDS: Final[list[dict[str, Any]]] = load_schema("shop_event")["fields"]
FIELDS: Final = tuple(field["name"] for field in _FIELDS)
"""The fields of ShopEvent, in its order."""


def _arrow_type(avro: Any) -> pa.DataType:
    match avro:
        case ["null", inner]:
            return _arrow_type(inner)
        case "string":
            return pa.string()
        case "long":
            return pa.int64()
        case "int":
            return pa.int32()
        case {"logicalType": "timestamp-millis"}:
            return MILLISECONDS
        case {"logicalType": "decimal", "precision": precision, "scale": scale}:
            return pa.decimal128(precision, scale)
        case {"type": "array", "items": {"fields": fields}}:
            return pa.list_(pa.struct([arrow_field(field) for field in fields]))
        case {"type": "map", "values": values}:
            return pa.map_(pa.string(), _arrow_type(values))
        case _:
            message = f"no column is known for the Avro type {avro!r}"
            raise ValueError(message)


def arrow_field(field: dict[str, Any]) -> pa.Field:
    """The column of a field of an Avro schema.

    Raises:
        ValueError: No column is known for its type.
    """
    is_nullable = isinstance(field["type"], list)
    return pa.field(field["name"], _arrow_type(field["type"]), nullable=is_nullable)


EVENT_SCHEMA: Final = pa.schema(list(map(arrow_field, _FIELDS)))
"""Columns of the fields of ShopEvent."""

SCHEMA: Final = pa.schema(
    [
        *EVENT_SCHEMA,
        pa.field(TOPIC, pa.string(), nullable=False),
        pa.field(PARTITION, pa.int32(), nullable=False),
        pa.field(OFFSET, pa.int64(), nullable=False),
        pa.field(TIMESTAMP, MILLISECONDS, nullable=False),
    ]
)
"""Columns of the lake's files: the fields of ShopEvent, times in UTC, then the record's place in Kafka.

``kafka_timestamp`` is when ingest accepted the event.
"""


def to_table(
    events: Sequence[dict[str, Any]], topic: str, partition: int, offsets: Sequence[int], timestamps: Sequence[int]
) -> pa.Table:
    """Events of one partition as columns.

    Args:
        events: ShopEvents, times as epoch milliseconds, amounts as Decimals; a field that is left out is null.
        topic: Their topic.
        partition: Their partition.
        offsets: Offset of each.
        timestamps: Kafka timestamp of each, epoch milliseconds.
    """
    return with_places(event_table(events), topic, partition, offsets, timestamps)


def event_table(events: Sequence[dict[str, Any]]) -> pa.Table:
    """The fields of events as columns, as ``to_table`` takes them."""
    return pa.Table.from_arrays([_column(field, events) for field in _FIELDS], schema=EVENT_SCHEMA)


def with_places(
    events: pa.Table, topic: str, partition: int, offsets: Sequence[int], timestamps: Sequence[int]
) -> pa.Table:
    """The fields of events with the places that ``to_table`` puts beside them.

    Raises:
        ValueError: There are more offsets than events, or fewer.
    """
    count = len(events)
    places = [
        pa.repeat(pa.scalar(topic, pa.string()), count),
        pa.repeat(pa.scalar(partition, pa.int32()), count),
        pa.array(offsets, pa.int64()),
        pa.array(timestamps, pa.int64()).cast(MILLISECONDS),
    ]
    return pa.Table.from_arrays([*events.columns, *places], schema=SCHEMA)


def _column(field: dict[str, Any], events: Sequence[dict[str, Any]]) -> pa.Array:
    name, kind = field["name"], SCHEMA.field(field["name"]).type
    default = field.get("default")
    values: list[Any] = [event.get(name, default) for event in events]
    if kind == MILLISECONDS:
        return pa.array(values, pa.int64()).cast(kind)
    if pa.types.is_map(kind):
        values = [list(entries.items()) for entries in values]
    return pa.array(values, kind)


def to_events(table: pa.Table) -> Iterator[dict[str, Any]]:
    """The ShopEvents of a table as ``to_table`` takes them; fields that are null are left out."""
    columns = {name: _values(table.column(name)) for name in FIELDS if table.column(name).null_count < len(table)}
    names = tuple(columns)
    for row in zip(*columns.values(), strict=True):
        yield {name: value for name, value in zip(names, row, strict=True) if value is not None}


def _values(column: pa.ChunkedArray) -> list[Any]:
    if column.type == MILLISECONDS:
        return list(column.cast(pa.int64()).to_pylist())
    values = list(column.to_pylist())
    return [dict(entries) for entries in values] if pa.types.is_map(column.type) else values


def to_current(table: pa.Table) -> pa.Table:
    """A table of an older file with the columns of today: a field that it does not know is null, or empty."""
    if table.schema.equals(SCHEMA):
        return table
    known = set(table.column_names)
    columns = [
        table.column(field.name).cast(field.type) if field.name in known else empty_values(field, len(table))
        for field in SCHEMA
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def empty_values(field: pa.Field, count: int) -> pa.Array:
    """So many values of a field that no record has: null, or empty."""
    return pa.nulls(count, field.type) if field.nullable else pa.array([[]] * count, field.type)
