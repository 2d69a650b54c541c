"""Reads ShopEvents off the wire: Avro's binary encoding, strictly.

ingest reads every record only to judge it, so this is the hot path of the pipeline. A general Avro reader spends most
of its time on the many null fields; here a run of nulls is skipped at once. And it must be stricter than most: what it
lets through is decoded again in Java and C++, where, say, a number padded to eleven bytes would stop a job.

https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

Read = Callable[[bytes, int], tuple[Any, int]]
"""(record, position) -> (value, position behind it)"""

NULL: Final = 0  # index of the first branch of a union, zigzag-encoded
VALUE: Final = 2  # of the second
MAX_LONG_BYTES: Final = 10
MAX_INT_BYTES: Final = 5
_ZEROS: Final = re.compile(rb"\x00+")
_INT_RANGE: Final = range(-(2**31), 2**31)
_LONG_RANGE: Final = range(-(2**63), 2**63)


class MalformedRecord(ValueError):
    """The bytes do not follow the schema. A record that ends too early may raise IndexError instead."""


class UnsupportedSchema(TypeError):
    """The schema has a type that no field of a ShopEvent has."""


class RecordReader:
    """Reads records of one writer's schema.

    Args:
        schema: The writer's schema: a record of required fields and of nullable ones, null first.

    Raises:
        UnsupportedSchema: It has other types than those of a ShopEvent.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        self._steps = _group([_field(field) for field in schema["fields"]])
        self._nulls = {field["name"]: None for field in schema["fields"]}

    def __call__(self, record: bytes, position: int) -> tuple[dict[str, Any], int]:
        """The record that begins at ``position``, and the position behind it."""
        event: dict[str, Any] = self._nulls.copy()
        for required, optional in self._steps:
            for name, read in required:
                event[name], position = read(record, position)
            position = _read_optional(event, optional, record, position)
        return event, position

    def span(self, name: str, record: bytes, position: int) -> tuple[int, int]:
        """Where a required field of the record that begins at ``position`` begins and ends.

        Raises:
            KeyError: The schema requires no such field.
        """
        for required, optional in self._steps:
            for field, read in required:
                _, end = read(record, position)
                if field == name:
                    return position, end
                position = end
            position = _read_optional({}, optional, record, position)
        raise KeyError(name)


Field = tuple[str, Read]
Step = tuple[list[Field], list[Field]]


def _read_optional(event: dict[str, Any], fields: list[Field], record: bytes, position: int) -> int:
    """Read a run of nullable fields into ``event``; the nulls are there already."""
    index, count = 0, len(fields)
    while index < count:
        branch = record[position]
        if branch == NULL:
            zeros = _ZEROS.match(record, position)
            assert zeros is not None
            skipped = min(zeros.end() - position, count - index)
            index += skipped
            position += skipped
        elif branch == VALUE:
            name, read = fields[index]
            event[name], position = read(record, position + 1)
            index += 1
        else:
            message = f"{fields[index][0]}: no branch {branch} in its union"
            raise MalformedRecord(message)
    return position


def _group(fields: list[tuple[bool, Field]]) -> list[Step]:
    """Runs of required fields, each with the run of nullable ones behind it."""
    steps: list[Step] = [([], [])]
    for nullable, field in fields:
        if nullable:
            steps[-1][1].append(field)
        elif steps[-1][1]:
            steps.append(([field], []))
        else:
            steps[-1][0].append(field)
    return steps


def _field(field: dict[str, Any]) -> tuple[bool, Field]:
    match field["type"]:
        case ["null", inner]:
            return True, (field["name"], _reader(inner))
        case inner:
            return False, (field["name"], _reader(inner))


def _reader(avro: Any) -> Read:
    match avro:
        case "string":
            return read_string
        case "long" | {"type": "long", "logicalType": "timestamp-millis"}:
            return read_long
        case "int":
            return read_int
        case {"type": "bytes", "logicalType": "decimal", "scale": scale}:
            return _decimal_reader(scale)
        case {"type": "array", "items": {"type": "record"} as item}:
            return _array_reader(RecordReader(item))
        case {"type": "map", "values": values}:
            return _map_reader(_reader(values))
        case _:
            message = f"no field of a ShopEvent is of type {avro!r}"
            raise UnsupportedSchema(message)


def read_long(
    record: bytes, position: int, max_bytes: int = MAX_LONG_BYTES, valid: range = _LONG_RANGE
) -> tuple[int, int]:
    """A zigzag variable-length integer."""
    byte = record[position]
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), position + 1
    start, shift, number = position, 7, byte & 0x7F
    while byte >= 0x80:
        position += 1
        byte = record[position]
        number |= (byte & 0x7F) << shift
        shift += 7
    number = (number >> 1) ^ -(number & 1)
    if position - start >= max_bytes or number not in valid:
        message = f"a number of {position - start + 1} bytes, {number}, is too long"
        raise MalformedRecord(message)
    return number, position + 1


def encoded_long(number: int) -> bytes:
    """The same of a number."""
    rest = (number << 1) ^ (number >> 63)
    encoded = bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def read_int(record: bytes, position: int) -> tuple[int, int]:
    """A number of 32 bits."""
    return read_long(record, position, MAX_INT_BYTES, _INT_RANGE)


def read_bytes(record: bytes, position: int) -> tuple[bytes, int]:
    """A length and so many bytes."""
    length, position = read_long(record, position)
    end = position + length
    if length < 0 or end > len(record):
        message = f"a length of {length} at byte {position} of {len(record)}"
        raise MalformedRecord(message)
    return record[position:end], end


def read_string(record: bytes, position: int) -> tuple[str, int]:
    """Bytes that are UTF-8."""
    text, position = read_bytes(record, position)
    return text.decode(), position


def _decimal_reader(scale: int) -> Read:
    def read(record: bytes, position: int) -> tuple[Decimal, int]:
        unscaled, position = read_bytes(record, position)
        if not unscaled:
            message = f"a decimal of no bytes at byte {position}"
            raise MalformedRecord(message)
        return Decimal(int.from_bytes(unscaled, "big", signed=True)).scaleb(-scale), position

    return read


def _array_reader(read_item: Read) -> Read:
    def read(record: bytes, position: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        while True:
            count, position = _block(record, position)
            if count == 0:
                return items, position
            for _ in range(count):
                item, position = read_item(record, position)
                items.append(item)

    return read


def _map_reader(read_value: Read) -> Read:
    def read(record: bytes, position: int) -> tuple[dict[str, Any], int]:
        entries: dict[str, Any] = {}
        while True:
            count, position = _block(record, position)
            if count == 0:
                return entries, position
            for _ in range(count):
                key, position = read_string(record, position)
                entries[key], position = read_value(record, position)

    return read


def _block(record: bytes, position: int) -> tuple[int, int]:
    """How many entries the next block has; a negative count is followed by the block's size."""
    count, position = read_long(record, position)
    if count < 0:
        count = -count
        size, position = read_long(record, position)
        if not 0 <= size <= len(record) - position:
            message = f"a block of {size} bytes at byte {position} of {len(record)}"
            raise MalformedRecord(message)
    if count > len(record) - position:
        message = f"a block of {count} entries at byte {position} of {len(record)}"
        raise MalformedRecord(message)
    return count, position
