from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from schemas import redis_keys
from schemas.recommendations import FIRST_ITEMS, Product, Reason, Source, decode_list, decode_product, item_ids
from sinks.redis.changes import Changes, change_list, change_product

WRITTEN_AT = datetime(2026, 11, 27, 9, tzinfo=UTC)
ROW: dict[str, Any] = {
    "product_id": "p1",
    "title": "Lamp",
    "category": None,
    "brand": None,
    "price": Decimal("12.5000"),
    "currency": "EUR",
    "stock": 0,
    "visibility": None,
    "available": False,
    "first_seen": datetime(2026, 1, 1, tzinfo=UTC),
}


def test_a_product_becomes_its_key_and_its_place_among_the_unavailable() -> None:
    changes = Changes()
    change_product(changes, {"product_id": "p1"}, ROW, WRITTEN_AT)

    (value,) = changes.values.values()
    assert value is not None
    assert decode_product(value) == Product(available=False, title="Lamp", price="12.5", currency="EUR")
    assert (list(changes.values), changes.available) == (["product:p1"], {"p1": False})
    assert changes.catalogues == {"p1": {}}


def test_a_product_that_may_be_recommended_is_in_the_catalogue_of_each_of_its_levels() -> None:
    changes = Changes()
    change_product(changes, {"product_id": "p1"}, {**ROW, "available": True, "category": "Home > Lamps"}, WRITTEN_AT)
    score = -1_767_225_600_000
    keys = ("products:catalogue", "products:catalogue:Home", "products:catalogue:Home > Lamps")
    assert changes.catalogues == {"p1": dict.fromkeys(keys, score)}


@pytest.mark.parametrize(("price", "text"), [("1000.0000", "1000"), ("0.0010", "0.001"), ("0.0000", "0")])
def test_a_price_is_plain_decimal_text(price: str, text: str) -> None:
    changes = Changes()
    change_product(changes, {"product_id": "p1"}, {**ROW, "price": Decimal(price)}, WRITTEN_AT)
    (value,) = changes.values.values()
    assert value is not None
    assert decode_product(value).price == text


def test_of_several_records_of_a_product_the_last_one_counts_a_tombstone_too() -> None:
    changes = Changes()
    change_product(changes, {"product_id": "p1"}, ROW, WRITTEN_AT)
    change_product(changes, {"product_id": "p1"}, None, WRITTEN_AT)
    assert (changes.values, changes.available) == ({"product:p1": None}, {"p1": True})
    assert changes.catalogues == {"p1": {}}


@pytest.mark.parametrize(
    ("kind", "span", "category", "keys", "source"),
    [
        ("popular", "1d", "", ["rec:popular:1d"], Source.POPULAR),
        ("popular", "30d", "", ["rec:popular:30d", "rec:popular"], Source.POPULAR),
        ("trending", "", "", ["rec:trending"], Source.TRENDING),
        ("newest", "", "", ["rec:newest"], Source.NEWEST),
        ("popular", "", "A > B", ["rec:category:A > B:popular"], Source.CATEGORY_POPULAR),
        ("popular", "1d", "A > B", ["rec:category:A > B:popular:1d"], Source.CATEGORY_POPULAR),
        ("trending", "", "A", ["rec:category:A:trending"], Source.CATEGORY_TRENDING),
        ("newest", "", "A", ["rec:category:A:newest"], Source.CATEGORY_NEWEST),
    ],
)
def test_a_list_goes_to_its_keys_the_best_product_first(
    kind: str, span: str, category: str, keys: list[str], source: Source
) -> None:
    key = {"kind": kind, "span": span, "category": category}
    items = [{"product_id": "b", "score": 2.0}, {"product_id": "c", "score": 3.5}, {"product_id": "a", "score": 2.0}]
    changes = Changes()
    change_list(changes, key, {**key, "generated_at": datetime(2026, 1, 1, tzinfo=UTC), "items": items}, WRITTEN_AT)

    assert list(changes.values) == [each for key in keys for each in (key, f"{key}:more")]
    assert [changes.values[f"{key}:more"] for key in keys] == [None] * len(keys)
    for value in (changes.values[key] for key in keys):
        assert value is not None
        decoded = decode_list(value)
        assert (decoded.source, decoded.model_version, item_ids(decoded.items)) == (source, "", ("c", "a", "b"))
        assert (decoded.generated_at, decoded.history_until) == (WRITTEN_AT, datetime(2026, 1, 1, tzinfo=UTC))
        assert {item.reason for item in decoded.items} <= {Reason.POPULAR, Reason.TRENDING, Reason.NEW}


def test_a_list_without_products_is_deleted() -> None:
    changes = Changes()
    change_list(changes, {"kind": "popular", "span": "30d", "category": ""}, None, WRITTEN_AT)
    keys = ("rec:popular:30d", "rec:popular:30d:more", "rec:popular", "rec:popular:more")
    assert changes.values == dict.fromkeys(keys)


def test_what_comes_behind_the_first_products_of_a_list_has_a_key_of_its_own() -> None:
    key = {"kind": "trending", "span": "", "category": "A"}
    items = [{"product_id": f"p{n:03}", "score": 500.0 - n} for n in range(FIRST_ITEMS + 7)]
    changes = Changes()
    change_list(changes, key, {**key, "generated_at": datetime(2026, 1, 1, tzinfo=UTC), "items": items}, WRITTEN_AT)
    first, more = (decode_list(value or b"") for value in changes.values.values())
    assert list(changes.values) == ["rec:category:A:trending", "rec:category:A:trending:more"]
    assert len(first.items) == FIRST_ITEMS
    assert item_ids(first.items + more.items) == tuple(f"p{n:03}" for n in range(FIRST_ITEMS + 7))
    assert {
        redis_keys.version_of(redis_keys.continued(each))
        for each in (redis_keys.TRENDING, redis_keys.POPULAR, redis_keys.NEWEST)
    } == {""}
