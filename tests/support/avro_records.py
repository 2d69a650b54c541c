"""Records of an Avro schema, drawn by hypothesis: any value that its fields can have."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

amounts = st.decimals(Decimal("-99999999999999.9999"), Decimal("99999999999999.9999"), places=4)
values: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=200),
    "long": st.integers(-(2**63), 2**63 - 1),
    "int": st.integers(-(2**31), 2**31 - 1),
}


def field_values(avro: Any) -> st.SearchStrategy[Any]:
    match avro:
        case ["null", inner]:
            return st.none() | field_values(inner)
        case str():
            return values[avro]
        case {"logicalType": "decimal"}:
            return amounts
        case {"logicalType": "timestamp-millis"}:
            return st.integers(-(2**40), 2**43)
        case {"type": "array", "items": item}:
            return st.lists(records(item), max_size=4)
        case {"type": "map"}:
            return st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3)
    raise AssertionError(avro)


def records(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({field["name"]: field_values(field["type"]) for field in schema["fields"]})
