from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lake.columns import FIELDS, SCHEMA, to_current, to_events, to_table
from schemas.codec import load_schema

TEXT = st.text(max_size=8)
AMOUNT = st.decimals(min_value=Decimal("-99999999999999.9999"), max_value=Decimal("99999999999999.9999"), places=4)
MOMENT = st.integers(0, 4_102_444_800_000)


def values_of(avro: Any) -> st.SearchStrategy[Any]:
    match avro:
        case ["null", inner]:
            return st.none() | values_of(inner)
        case "string":
            return TEXT
        case "long":
            return st.integers(-(2**63), 2**63 - 1)
        case "int":
            return st.integers(-(2**31), 2**31 - 1)
        case {"logicalType": "timestamp-millis"}:
            return MOMENT
        case {"logicalType": "decimal"}:
            return AMOUNT
        case {"type": "array", "items": {"fields": fields}}:
            return st.lists(st.fixed_dictionaries({f["name"]: values_of(f["type"]) for f in fields}), max_size=3)
        case {"type": "map"}:
            return st.dictionaries(TEXT, TEXT, max_size=3)
    raise AssertionError(avro)


EVENTS = st.fixed_dictionaries({f["name"]: values_of(f["type"]) for f in load_schema("shop_event")["fields"]})


@given(st.lists(EVENTS, min_size=1, max_size=5))
def test_what_goes_in_comes_out(events: list[dict[str, Any]]) -> None:
    count = len(events)
    table = to_table(events, "events", 1, range(count), [1_000 + each for each in range(count)])
    without_nulls = [{name: value for name, value in event.items() if value is not None} for event in events]
    assert list(to_events(table)) == without_nulls
    assert table.column("kafka_offset").to_pylist() == list(range(count))


def test_every_field_of_an_event_has_a_column() -> None:
    assert SCHEMA.names == [*FIELDS, "kafka_topic", "kafka_partition", "kafka_offset", "kafka_timestamp"]
    assert SCHEMA.field("event_time").type == pa.timestamp("ms", "UTC")
    assert SCHEMA.field("value").type == pa.decimal128(18, 4)


def test_a_file_from_before_a_field_was_added_gets_nulls_for_it() -> None:
    event = {
        "event_id": "e", "event_type": "page_view", "event_time": 0, "user_id": "u", "source": "s",
        "experiment_arm": "a:b", "properties": {"a": "b"},
    }  # fmt: skip
    table = to_table([event], "events", 0, [7], [8])
    old = table.drop_columns(["experiment_arm", "properties"])
    current = to_current(old)
    assert current.schema == SCHEMA
    assert list(to_events(current)) == [
        {name: value for name, value in event.items() if name != "experiment_arm"} | {"items": [], "properties": {}}
    ]
