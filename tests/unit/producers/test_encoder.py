"""The fast encoder against the generic one."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.encoder import EventEncoder
from schemas.codec import Encoder, load_schema

SCHEMA = load_schema("shop_event")
GENERIC = Encoder(load_schema("shop_event"), 258)
FAST = EventEncoder(SCHEMA, 258)

AMOUNTS = st.decimals(min_value=0, max_value=10**13, places=4)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=20),
    "long": st.integers(-(2**63), 2**63 - 1),
    "int": st.integers(-(2**31), 2**31 - 1),
    "decimal": AMOUNTS,
    "timestamp-millis": st.integers(0, 2**41),
    "array": st.lists(
        st.fixed_dictionaries({"product_id": st.text(min_size=1), "quantity": st.integers(1, 10**9), "price": AMOUNTS}),
        max_size=3,
    ),
    "map": st.dictionaries(st.text(), st.text(), max_size=3),
}


def values_of(avro_type: Any) -> st.SearchStrategy[Any]:
    if isinstance(avro_type, list):
        return st.none() | values_of(avro_type[1])
    if isinstance(avro_type, dict):
        return VALUES[avro_type.get("logicalType", avro_type["type"])]
    return VALUES[avro_type]


def events() -> st.SearchStrategy[dict[str, Any]]:
    fields = {field["name"]: (values_of(field["type"]), "default" in field) for field in SCHEMA["fields"]}
    return st.fixed_dictionaries(
        {name: values for name, (values, has_default) in fields.items() if not has_default},
        optional={name: values for name, (values, has_default) in fields.items() if has_default},
    )


@given(events())
def test_every_event_gets_the_bytes_that_the_generic_encoder_writes(event: dict[str, Any]) -> None:
    assert FAST.encode(event) == GENERIC.encode(event)


EVENT = {
    "event_id": "e-1",
    "event_type": "view_item",
    "event_time": 1_700_000_000_000,
    "user_id": "u-1",
    "source": "test",
}


def test_the_order_in_which_fields_are_given_does_not_matter() -> None:
    assert FAST.encode(dict(reversed(EVENT.items()))) == GENERIC.encode(EVENT)


def test_one_shape_carries_different_values() -> None:
    first = FAST.encode({**EVENT, "price": Decimal("0.001")})
    second = FAST.encode({**EVENT, "price": Decimal("12.5")})
    assert first == GENERIC.encode({**EVENT, "price": Decimal("0.001")})
    assert second == GENERIC.encode({**EVENT, "price": Decimal("12.5")})


def test_a_misspelt_field_is_refused_rather_than_left_out() -> None:
    with pytest.raises(ValueError, match="there is no field pruduct_id"):
        FAST.encode({**EVENT, "pruduct_id": "p-1"})


def test_a_required_field_that_is_left_out_is_refused() -> None:
    with pytest.raises(ValueError, match="no value and no default for source"):
        FAST.encode({name: value for name, value in EVENT.items() if name != "source"})


@pytest.mark.parametrize("price", [1.5, 1, "1.5", Decimal("1.23456")])
def test_an_amount_that_is_no_decimal_of_four_places_is_refused(price: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        FAST.encode({**EVENT, "price": price})


def test_fields_that_are_neither_nullable_nor_collections_keep_their_default() -> None:
    schema = {
        "type": "record",
        "name": "R",
        "fields": [
            {"name": "a", "type": "string", "default": "x"},
            {"name": "b", "type": ["string", "null"], "default": "y"},
            {"name": "c", "type": {"type": "array", "items": "long"}, "default": [1]},
        ],
    }
    encoder = EventEncoder(schema, 1)
    plain = Encoder(schema, 1)
    assert encoder.encode({}) == plain.encode({})
    assert encoder.encode({"b": "z", "c": [2]}) == plain.encode({"b": "z", "c": [2]})
