from __future__ import annotations

import io
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import load_schema
from schemas.wire.records import MalformedRecord, RecordReader, UnsupportedSchema, encoded_long, read_int, read_long
from tests.support.avro_records import records

SCHEMA = load_schema("shop_event")
PARSED = fastavro.parse_schema(load_schema("shop_event"))
READ = RecordReader(SCHEMA)


def encode(event: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, PARSED, event)
    return out.getvalue()


@given(records(SCHEMA))
def test_what_fastavro_writes_is_read_back(event: dict[str, Any]) -> None:
    encoded = encode(event)

    assert READ(encoded, 0) == (event, len(encoded))


@given(records(SCHEMA), st.data())
def test_what_is_read_of_damaged_bytes_other_readers_read_as_well(event: dict[str, Any], data: st.DataObject) -> None:
    damaged = bytearray(encode(event))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        read, end = READ(bytes(damaged), 0)
    except (ValueError, IndexError):
        return

    stream = io.BytesIO(bytes(damaged))
    plain = fastavro.parse_schema(plain_times(SCHEMA))
    assert fastavro.schemaless_reader(stream, plain, None) == read | {"event_time": read["event_time"]}
    assert stream.tell() == end


def plain_times(schema: dict[str, Any]) -> dict[str, Any]:
    return schema | {
        "fields": [f | {"type": "long"} if f["name"] == "event_time" else f for f in schema["fields"]],
    }


@pytest.mark.parametrize(
    ("encoded", "number"),
    [(b"\x00", 0), (b"\x01", -1), (b"\x02", 1), (b"\x80\x01", 64), (b"\xff" * 9 + b"\x01", -(2**63))],
)
def test_numbers_are_zigzag(encoded: bytes, number: int) -> None:
    assert read_long(encoded, 0) == (number, len(encoded))


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_number_that_is_written_is_read_back(number: int) -> None:
    encoded = encoded_long(number)

    assert read_long(encoded, 0) == (number, len(encoded))


@pytest.mark.parametrize("encoded", [b"\x80" * 10 + b"\x00", b"\xff" * 9 + b"\x03"])
def test_a_number_beyond_64_bits_or_padded_beyond_ten_bytes_is_malformed(encoded: bytes) -> None:
    with pytest.raises(MalformedRecord, match="too long"):
        read_long(encoded, 0)


@pytest.mark.parametrize("encoded", [b"\x80" * 5 + b"\x00", b"\x80\x80\x80\x80\x10"])
def test_a_number_beyond_32_bits_or_padded_beyond_five_bytes_is_malformed(encoded: bytes) -> None:
    with pytest.raises(MalformedRecord, match="too long"):
        read_int(encoded, 0)


def test_a_block_may_tell_its_size() -> None:
    schema = {"fields": [{"name": "m", "type": {"type": "map", "values": "string"}}]}

    assert RecordReader(schema)(b"\x01\x08\x02a\x02b\x00", 0) == ({"m": {"a": "b"}}, 7)


@pytest.mark.parametrize("body", [b"\xfe\xff\xff\xff\x0f", b"\x01\x7e\x02a\x02b\x00"])
def test_a_block_larger_than_the_record_is_malformed(body: bytes) -> None:
    schema = {"fields": [{"name": "m", "type": {"type": "map", "values": "string"}}]}

    with pytest.raises(MalformedRecord, match="block"):
        RecordReader(schema)(body, 0)


def test_a_schema_with_other_types_is_refused() -> None:
    with pytest.raises(UnsupportedSchema, match="double"):
        RecordReader({"fields": [{"name": "x", "type": "double"}]})
