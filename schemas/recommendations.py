"""Values of the recommendation keys in Redis: lists of products, and what is known of a product.

A list is JSON with one line for each product, so that serving can send, cut and filter it without parsing it::

    {"source":"personal","model_version":"m1","generated_at":"2026-11-21T10:00:02.000Z","history_until":"2026-11-21T10:00:00.000Z","items":[
    {"item_id":"a","score":0.9,"reason":"similar_to_viewed","because":["x"]},
    {"item_id":"b","score":0.5,"reason":"trained","because":[]}
    ]}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import orjson

from schemas.errors import InvalidValue


class Source(StrEnum):
    """Where a list comes from: a step of the fallback chain."""

    PERSONAL = "personal"
    SESSION = "session"
    SIMILAR = "similar"
    BOUGHT_TOGETHER = "bought_together"
    CATEGORY_POPULAR = "category_popular"
    CATEGORY_TRENDING = "category_trending"
    CATEGORY_NEWEST = "category_newest"
    TRENDING = "trending"
    POPULAR = "popular"
    NEWEST = "newest"
    PINNED = "pinned"
    POPULAR_1D = "popular_1d"
    POPULAR_7D = "popular_7d"
    CATEGORY_POPULAR_1D = "category_popular_1d"
    CATEGORY_POPULAR_7D = "category_popular_7d"
    CATALOGUE = "catalogue"


class Reason(StrEnum):
    """Why a product is in a list; ``because`` names the products that caused it."""

    TASTE = "taste"
    SIMILAR_TO_VIEWED = "similar_to_viewed"
    SIMILAR_TO_CART = "similar_to_cart"
    SIMILAR_TO_BOUGHT = "similar_to_bought"
    OFTEN_NEXT = "often_next"
    BOUGHT_TOGETHER = "bought_together"
    SAME_KIND = "same_kind"
    BOUGHT_AGAIN = "bought_again"
    TRENDING = "trending"
    POPULAR = "popular"
    NEW = "new"
    PINNED = "pinned"
    CATALOGUE = "catalogue"


@dataclass(frozen=True, slots=True)
class RecommendedItem:
    """One product of a list.

    Attributes:
        item_id: The product.
        score: Its score; comparable within the list alone.
        reason: Why it is there.
        because: Products that caused it, the strongest first.
    """

    item_id: str
    score: float
    reason: Reason
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecommendationList:
    """Products, the best first.

    Attributes:
        source: Where it comes from.
        model_version: The model that made it; "" for what follows the stream alone.
        generated_at: When it was made.
        history_until: The newest event that it is made from: a function of the events, not of the clock.
        items: The products.
    """

    source: Source
    model_version: str
    generated_at: datetime
    history_until: datetime
    items: tuple[RecommendedItem, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Product:
    """What serving must know of a product.

    Attributes:
        available: Whether it may be recommended: in stock and not hidden.
        title: Its title, "" where it is not known.
        category: Its category, "" where it is not known.
        brand: Its brand, "" where it is not known.
        price: Its price as decimal text, "" where it is not known.
        currency: ISO 4217 code of the price, "" where it is not known.
    """

    available: bool = True
    title: str = ""
    category: str = ""
    brand: str = ""
    price: str = ""
    currency: str = ""


_ID: Final = b'{"item_id":"'
_BECAUSE: Final = b',"because":'
HISTORY_UNTIL: Final = "history_until"
"""The part of a list's head that lists of earlier releases lack."""

SCORE_DIGITS: Final = 6
"""Of a score, after the point."""

LIST_ITEMS: Final = 600
"""Products of a list of popular or trending ones at the most: as many as the last page of the service shows."""

NEWEST_ITEMS: Final = 100
"""The same of newest ones: the catalogue in Redis goes on in the same order."""

FIRST_ITEMS: Final = 100
"""Products under the key of a list; what comes behind them has a key of its own, which few requests read."""


def encode_list(made: RecommendationList) -> bytes:
    """The value of a list's key."""
    head = orjson.dumps(
        {
            "source": made.source,
            "model_version": made.model_version,
            "generated_at": utc_text(made.generated_at),
            HISTORY_UNTIL: utc_text(made.history_until),
        }
    )
    lines = b",\n".join(_encode_item(item) for item in made.items)
    return b'%b,"items":[\n%b\n]}' % (head[:-1], lines)


def decode_list(value: bytes) -> RecommendationList:
    """What a list's key holds.

    A list of an earlier release has no ``history_until``: its ``generated_at`` is that, and stands here for both.

    Raises:
        InvalidValue: The bytes are no list.
    """
    try:
        stored = orjson.loads(value)
        items = (
            RecommendedItem(item["item_id"], item["score"], Reason(item["reason"]), tuple(item["because"]))
            for item in stored["items"]
        )
        return RecommendationList(
            Source(stored["source"]),
            stored["model_version"],
            datetime.fromisoformat(stored["generated_at"]),
            datetime.fromisoformat(stored.get(HISTORY_UNTIL, stored["generated_at"])),
            tuple(items),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidValue("a list of recommendations", value, repr(error)) from error


def item_lines(value: bytes) -> list[bytes]:
    """The products of an encoded list as JSON objects, unparsed."""
    return [line.rstrip(b",") for line in value.split(b"\n")[1:-1] if line]


def line_item_id(line: bytes) -> str:
    """The product of a line of ``item_lines``."""
    if b"\\" in line:
        item_id: str = orjson.loads(line)["item_id"]
        return item_id
    return line[len(_ID) : line.index(b'"', len(_ID))].decode()


def without_because(line: bytes) -> bytes:
    """The line without the products that caused it."""
    return line[: line.rindex(_BECAUSE)] + b"}"


def encode_product(known: Product) -> bytes:
    """The value of a product's key."""
    return orjson.dumps(known)


def decode_product(value: bytes) -> Product:
    """What a product's key holds.

    Raises:
        InvalidValue: The bytes are no product.
    """
    try:
        return Product(**orjson.loads(value))
    except (ValueError, TypeError) as error:
        raise InvalidValue("a product", value, repr(error)) from error


def utc_text(moment: datetime) -> str:
    """RFC 3339 with milliseconds and Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def item_ids(items: Sequence[RecommendedItem]) -> tuple[str, ...]:
    """The ids of these products, in their order."""
    return tuple(item.item_id for item in items)


def _encode_item(item: RecommendedItem) -> bytes:
    return orjson.dumps(
        {
            "item_id": item.item_id,
            "score": round(item.score, SCORE_DIGITS),
            "reason": item.reason,
            "because": item.because,
        }
    )
