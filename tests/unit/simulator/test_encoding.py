"""Bytes made of cached parts against those of the generic encoder."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Encoder, load_schema
from schemas.errors import ContractError
from simulator.encoding import CachingEncoder, long_bytes
from simulator.events import HEAD_FIELDS, VISIT_FIELDS, Body, Event, Visit
from simulator.versions import old_versions

SCHEMA = load_schema("shop_event")
AMOUNTS = st.decimals(min_value=0, max_value=10**13, places=4)
VISITS = st.builds(
    lambda user, others: Visit(user, "test", **others),
    st.text(max_size=80),
    st.fixed_dictionaries({}, optional=dict.fromkeys(VISIT_FIELDS[2:], st.none() | st.text(max_size=9))),
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "page_url": st.text(max_size=70),
        "product_id": st.text(max_size=9),
        "price": AMOUNTS,
        "quantity": st.integers(-(2**63), 2**63 - 1),
        "rating": st.none() | st.integers(1, 5),
        "items": st.lists(
            st.fixed_dictionaries({"product_id": st.text(), "quantity": st.integers(1, 9), "price": AMOUNTS}),
            max_size=3,
        ),
        "properties": st.dictionaries(st.text(), st.text(), max_size=2),
    },
)
TIMES = st.integers(-(2**62), 2**62) | st.integers(1_500_000_000_000, 2_000_000_000_000)


@given(st.text(max_size=90), st.text(max_size=20), TIMES, VISITS, BODIES)
def test_every_event_gets_the_bytes_that_the_generic_encoder_writes(
    event_id: str, event_type: str, time_ms: int, visit: Visit, body: dict[str, Any]
) -> None:
    event = Event(event_id, event_type, time_ms, visit, Body(body, is_shared=True))
    encoder, expected = CachingEncoder(SCHEMA, 300), Encoder(SCHEMA, 300).encode(event.record())
    assert encoder.encode(event) == expected
    assert encoder.encode(event) == expected, "the second time from cached parts"


def test_an_old_version_does_not_disturb_the_cached_parts_of_the_newest() -> None:
    event = Event(
        "e", "view_item", 1, Visit("u"), Body({"product_id": "p", "price": Decimal("1.0000")}, is_shared=True)
    )
    newest = CachingEncoder(SCHEMA, 1)
    for version in old_versions():
        old = CachingEncoder(version, 2, caches=False)
        expected = newest.encode(event), Encoder(version, 2).encode(event.record())
        assert (newest.encode(event), old.encode(event)) == expected


def test_another_name_replaces_that_of_the_type_and_nothing_else() -> None:
    event = Event("e", "purchase", 1, Visit("u"))
    renamed = Event("e", "ORDER_PLACED", 1, Visit("u"))
    assert CachingEncoder(SCHEMA, 1).encode(event, "ORDER_PLACED") == CachingEncoder(SCHEMA, 1).encode(renamed)


def test_a_schema_whose_fields_come_in_another_order_is_refused() -> None:
    reordered = {**SCHEMA, "fields": SCHEMA["fields"][::-1]}
    with pytest.raises(ContractError, match=f"does not begin with {HEAD_FIELDS[0]}"):
        CachingEncoder(reordered, 1)


@pytest.mark.parametrize(
    ("number", "expected"), [(0, b"\x00"), (-1, b"\x01"), (1, b"\x02"), (-64, b"\x7f"), (64, b"\x80\x01")]
)
def test_numbers_are_zigzag_as_the_avro_specification_lists_them(number: int, expected: bytes) -> None:
    assert long_bytes(number) == expected
