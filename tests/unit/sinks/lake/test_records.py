"""Read by column, records become the table that they become one by one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.columns import to_table
from schemas.codec import Encoder, load_schema, schema_text
from schemas.errors import ContractError
from sinks.core.framing import FramedDecoder, with_plain_times
from sinks.lake import records as by_column
from sinks.lake.records import EventTables
from tests.support.avro_records import records

CURRENT, OLD, NARROW, FOREIGN = 7, 3, 4, 9
SCHEMA = load_schema("shop_event")
OLD_SCHEMA = SCHEMA | {"fields": [field for field in SCHEMA["fields"] if field["name"] != "model_version"]}
NARROW_SCHEMA = SCHEMA | {
    "fields": [f | {"type": ["null", "int"]} if f["name"] == "quantity" else f for f in SCHEMA["fields"]]
}
"""A version in which a number was narrower than its column is."""

LINE = {"product_id": "p-1", "quantity": 2, "price": Decimal("5.5000"), "category": "Tea"}
EVENT = {
    "event_id": "e-1", "event_type": "purchase", "event_time": 1_767_225_600_000, "user_id": "ada", "source": "test",
    "items": [LINE], "properties": {},
}  # fmt: skip


class Shelf:
    """Schemas in memory."""

    url = "memory"

    def __init__(self) -> None:
        self.texts = {
            CURRENT: schema_text("shop_event"),
            OLD: json.dumps(OLD_SCHEMA),
            NARROW: json.dumps(NARROW_SCHEMA),
            FOREIGN: schema_text("sales_daily"),
        }

    def schema_of(self, schema_id: int) -> str | None:
        return self.texts.get(schema_id)


ENCODERS = [Encoder(SCHEMA, CURRENT), Encoder(OLD_SCHEMA, OLD), Encoder(NARROW_SCHEMA, NARROW)]


def one_by_one(values: Sequence[bytes]) -> pa.Table | type[Exception]:
    decoder = FramedDecoder(Shelf(), with_plain_times)  # type: ignore[arg-type]
    try:
        events = [decoder.decode(value) for value in values]
        return to_table(events, "events", 1, range(len(values)), range(len(values)))
    except (ContractError, ValueError, TypeError):
        return ValueError


def by_columns(values: Sequence[bytes], fewest: int = 1) -> pa.Table | type[Exception]:
    tables = EventTables(Shelf(), fewest)  # type: ignore[arg-type]
    try:
        table = tables.table(values, "events", 1, range(len(values)), range(len(values)))
    except (ContractError, ValueError, TypeError):
        return ValueError
    table.validate(full=True)
    return table


@st.composite
def framed(draw: st.DrawFn) -> bytes:
    value = bytearray(draw(st.sampled_from(ENCODERS[:2])).encode(draw(records(SCHEMA))))
    if draw(st.integers(0, 9)) == 0:
        for _ in range(draw(st.integers(0, 3))):
            value[draw(st.integers(0, len(value) - 1))] = draw(st.integers(0, 255))
        value += draw(st.binary(max_size=2))
    return bytes(value)


@settings(max_examples=100, deadline=None)
@given(st.lists(framed(), max_size=8))
def test_records_become_the_same_table_by_column_as_one_by_one(values: list[bytes]) -> None:
    assert by_columns(values) == one_by_one(values)


def encoded(encoder: Encoder = ENCODERS[0], **fields: Any) -> bytes:
    return encoder.encode(EVENT | fields)


PLAIN = encoded()
KEY_TWICE = encoded(properties={"a": "first", "b": "other", "c": "last"}).replace(b"\x02c", b"\x02a")
BEYOND_INT = encoded(position=2**31 - 1).replace(b"\xfe\xff\xff\xff\x0f", b"\xfe\xff\xff\xff\x1f")
UNUSUAL = {
    "a key twice in a map": [PLAIN, KEY_TWICE, PLAIN],
    "a number beyond 32 bits": [PLAIN, BEYOND_INT],
    "a negative amount": [encoded(value=Decimal("-1.5")), PLAIN],
    "a text of many bytes": [encoded(source="x" * 20_000), PLAIN],
    "more lines than are read by column": [encoded(items=[LINE] * 70), PLAIN],
    "lines with and without a category": [
        encoded(items=[LINE | {"category": c} for c in (None, "Tea", None, "Ü")]),
        encoded(items=[]),
        encoded(items=[LINE | {"category": c} for c in ("Cup", None)]),
    ],
    "several versions in turn": [encoded(encoder, event_id=f"e-{n}") for n, encoder in enumerate(ENCODERS * 3)],
    "bytes behind the record": [PLAIN + b"\0", PLAIN],
    "no text": [PLAIN.replace(b"test", b"te\xff\xff")],
    "another schema": [PLAIN[:1] + (FOREIGN).to_bytes(4, "big") + PLAIN[5:]],
    "an unknown schema": [PLAIN, PLAIN[:1] + (77).to_bytes(4, "big") + PLAIN[5:]],
    "no frame": [b"\1" + PLAIN[1:]],
    "too short for a frame": [PLAIN, b"\0\0"],
    "no byte": [b""],
    "cut off": [PLAIN, PLAIN[:-3]],
    "none": [],
}


@pytest.mark.parametrize("values", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_what_is_unusual_is_handled_as_one_by_one(values: list[bytes]) -> None:
    assert by_columns(values) == one_by_one(values)


def test_of_a_key_that_a_map_has_twice_the_last_value_counts() -> None:
    table = by_columns([PLAIN, KEY_TWICE])

    assert isinstance(table, pa.Table)
    assert table.column("properties").to_pylist() == [[], [("a", "last"), ("b", "other")]]


def test_more_records_than_are_read_together_stay_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_column, "AT_ONCE", 7)
    values = [encoded(ENCODERS[n % 3], event_id=f"e-{n}") for n in range(40)]

    table = by_columns(values, fewest=3)

    assert table == one_by_one(values)
    assert isinstance(table, pa.Table)
    assert table.column("event_id").to_pylist() == [f"e-{n}" for n in range(40)]


def test_ordinary_records_are_not_decoded_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = one_by_one([PLAIN] * 16)
    monkeypatch.setattr(FramedDecoder, "decode", None)

    assert by_columns([PLAIN] * 16, fewest=16) == expected


def test_offsets_of_other_records_are_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        EventTables(Shelf()).table([PLAIN], "events", 1, [1, 2], [3, 4])  # type: ignore[arg-type]
