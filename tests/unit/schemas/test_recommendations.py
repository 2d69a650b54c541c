"""Values of the recommendation keys."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvalidValue
from schemas.recommendations import (
    Product,
    Reason,
    RecommendationList,
    RecommendedItem,
    Source,
    decode_list,
    decode_product,
    encode_list,
    encode_product,
    item_ids,
    item_lines,
    line_item_id,
    without_because,
)

texts = st.text(st.characters(codec="utf-8"), max_size=12)
items = st.builds(
    RecommendedItem,
    item_id=texts,
    score=st.integers(-(10**6), 10**6).map(lambda n: n / 1000),
    reason=st.sampled_from(Reason),
    because=st.lists(texts, max_size=3).map(tuple),
)
lists = st.builds(
    RecommendationList,
    source=st.sampled_from(Source),
    model_version=texts,
    generated_at=st.just(datetime(2026, 11, 21, 10, 30, 0, 123000, UTC)),
    history_until=st.just(datetime(2026, 11, 21, 10, 29, 0, 456000, UTC)),
    items=st.lists(items, max_size=5).map(tuple),
)


@given(lists)
def test_a_list_survives_its_encoding(made: RecommendationList) -> None:
    assert decode_list(encode_list(made)) == made


@given(lists)
def test_the_lines_of_a_list_are_its_items_whatever_their_ids_hold(made: RecommendationList) -> None:
    lines = item_lines(encode_list(made))
    assert tuple(line_item_id(line) for line in lines) == item_ids(made.items)
    assert [set(orjson.loads(without_because(line))) for line in lines] == [{"item_id", "score", "reason"}] * len(lines)


def test_a_list_looks_as_documented() -> None:
    made = RecommendationList(
        Source.POPULAR,
        "",
        datetime(2026, 11, 21, tzinfo=UTC),
        datetime(2026, 11, 20, tzinfo=UTC),
        (RecommendedItem("a", 1.5, Reason.POPULAR), RecommendedItem("b", 0.1, Reason.NEW, ("x",))),
    )
    assert encode_list(made).decode().splitlines() == [
        '{"source":"popular","model_version":"","generated_at":"2026-11-21T00:00:00.000Z",'
        '"history_until":"2026-11-20T00:00:00.000Z","items":[',
        '{"item_id":"a","score":1.5,"reason":"popular","because":[]},',
        '{"item_id":"b","score":0.1,"reason":"new","because":["x"]}',
        "]}",
    ]


def test_a_list_of_an_earlier_release_is_understood() -> None:
    value = b"""{"source":"personal","model_version":"m1","generated_at":"2010-12-09T12:50:00.000Z","items":[
{"item_id":"a","score":0.9,"reason":"taste","because":[]}
]}"""
    newest = datetime(2010, 12, 9, 12, 50, tzinfo=UTC)
    items = (RecommendedItem("a", 0.9, Reason.TASTE),)
    assert decode_list(value) == RecommendationList(Source.PERSONAL, "m1", newest, newest, items)


def test_a_product_survives_its_encoding() -> None:
    known = Product(available=False, title="Tea, green", category="Food > Tea", price="1.2500", currency="GBP")
    assert decode_product(encode_product(known)) == known


@pytest.mark.parametrize("value", [b"", b"[]", b'{"items":1}', b'{"source":"nowhere","items":[]}'])
def test_other_bytes_are_refused(value: bytes) -> None:
    with pytest.raises(InvalidValue, match="list of recommendations"):
        decode_list(value)
    with pytest.raises(InvalidValue, match="a product"):
        decode_product(value or b"null")
