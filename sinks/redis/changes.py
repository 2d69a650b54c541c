"""What records of the served topics mean for Redis. Pure: it knows neither Kafka nor Redis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from schemas import redis_keys
from schemas.recommendations import (
    FIRST_ITEMS,
    Product,
    Reason,
    RecommendationList,
    RecommendedItem,
    Source,
    encode_list,
    encode_product,
)
from schemas.results import PRODUCTS, RECOMMENDATION_LISTS

DEFAULT_SPAN: Final = "30d"
"""The window of popular products that is served where none is asked for."""

Fields = Mapping[str, Any]

_SOURCES: Final = {
    ("popular", False): Source.POPULAR,
    ("trending", False): Source.TRENDING,
    ("newest", False): Source.NEWEST,
    ("popular", True): Source.CATEGORY_POPULAR,
    ("trending", True): Source.CATEGORY_TRENDING,
    ("newest", True): Source.CATEGORY_NEWEST,
}
"""(kind of list, whether it is of a category) -> the source that it is."""

_REASONS: Final = {"popular": Reason.POPULAR, "trending": Reason.TRENDING, "newest": Reason.NEW}
_CATEGORY_KEYS: Final = {
    "popular": redis_keys.category_popular,
    "trending": redis_keys.category_trending,
    "newest": redis_keys.category_newest,
}
"""Of the lists without a span."""


@dataclass(slots=True)
class Changes:
    """What some records change, the later one winning.

    Attributes:
        values: Key -> its new value; None where it is deleted.
        available: Product -> whether it may be recommended.
        catalogues: Product -> the parts of the catalogue that hold it from now on, and its score there.
    """

    values: dict[str, bytes | None] = field(default_factory=dict)
    available: dict[str, bool] = field(default_factory=dict)
    catalogues: dict[str, dict[str, int]] = field(default_factory=dict)


def change_product(changes: Changes, key: Fields, row: Fields | None, _written_at: datetime) -> None:
    """Take in a record of ``products``; without a row, its tombstone."""
    product_id: str = key["product_id"]
    known = None if row is None else known_product(row)
    changes.available[product_id] = known is None or known.available
    changes.values[redis_keys.product(product_id)] = None if known is None else encode_product(known)
    score = 0 if row is None else -round(row["first_seen"].timestamp() * 1000)
    changes.catalogues[product_id] = dict.fromkeys(catalogues_with(known), score)


def catalogues_with(known: Product | None) -> list[str]:
    """The parts of the catalogue that hold a product: none where it is not known or may not be recommended."""
    return redis_keys.catalogues(known.category) if known is not None and known.available else []


def change_list(changes: Changes, key: Fields, row: Fields | None, written_at: datetime) -> None:
    """Take in a record of ``recommendation-lists``; without a row, its tombstone."""
    first, more = (None, None) if row is None else parts_of(recommendation_list(row, written_at))
    for redis_key in list_keys(key["kind"], key["span"], key["category"]):
        changes.values[redis_key] = first
        changes.values[redis_keys.continued(redis_key)] = more


def parts_of(ranked: RecommendationList) -> tuple[bytes, bytes | None]:
    """The first products of a list, which most requests need alone, and those behind them; None where none are."""
    first, more = ranked.items[:FIRST_ITEMS], ranked.items[FIRST_ITEMS:]
    return encode_list(replace(ranked, items=first)), encode_list(replace(ranked, items=more)) if more else None


TakeIn = Callable[[Changes, Fields, Fields | None, datetime], None]
"""(changes, key, row or None for a tombstone, when the record was written) -> None"""

CHANGE_OF_TOPIC: Final[Mapping[str, TakeIn]] = {
    PRODUCTS.topic: change_product,
    RECOMMENDATION_LISTS.topic: change_list,
}
"""Topic -> how its records are taken in."""


def list_keys(kind: str, span: str, category: str) -> list[str]:
    """The Redis keys of one list; the default window has two, of a category none of its own."""
    if category:
        return [redis_keys.category_popular_within(category, span) if span else _CATEGORY_KEYS[kind](category)]
    if kind != "popular":
        return [{"trending": redis_keys.TRENDING, "newest": redis_keys.NEWEST}[kind]]
    return [redis_keys.popular(span), *([redis_keys.POPULAR] if span == DEFAULT_SPAN else [])]


def recommendation_list(row: Fields, written_at: datetime) -> RecommendationList:
    """The list of a row, the best product first; of equal scores the smaller id. It was made when it was written."""
    reason = _REASONS[row["kind"]]
    ranked = sorted(row["items"], key=lambda item: (-item["score"], item["product_id"]))
    return RecommendationList(
        source=_SOURCES[row["kind"], bool(row["category"])],
        model_version="",
        generated_at=written_at,
        history_until=row["generated_at"],
        items=tuple(RecommendedItem(item["product_id"], item["score"], reason) for item in ranked),
    )


def known_product(row: Fields) -> Product:
    """What serving must know of a row's product."""
    return Product(
        available=row["available"],
        title=row["title"] or "",
        category=row["category"] or "",
        brand=row["brand"] or "",
        price="" if row["price"] is None else _decimal_text(row["price"]),
        currency=row["currency"] or "",
    )


def _decimal_text(amount: Decimal) -> str:
    """Without zeros behind the last digit that counts, and without an exponent."""
    return format(amount.normalize(), "f")
