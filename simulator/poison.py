"""Invalid records: bytes that are no event, and events with impossible values. Each is made for one reason."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple

from schemas.codec import HEADER_BYTES
from simulator.plan import seeded_rng

UNKNOWN_IDS: Final = range(1_000_000_000, 1_000_000_008)
"""Ids that no registry has given yet."""
_MAX_JUNK_BYTES: Final = 200


class Damage(StrEnum):
    """How the bytes of a valid record are damaged."""

    RANDOM_BYTES = "random-bytes"
    WRONG_MAGIC_BYTE = "wrong-magic-byte"
    UNKNOWN_SCHEMA_ID = "unknown-schema-id"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    TRAILING = "trailing"
    FOREIGN_SCHEMA = "foreign-schema"
    NULL = "null"


REASONS: Final = {
    Damage.RANDOM_BYTES: "wrong_magic_byte",
    Damage.WRONG_MAGIC_BYTE: "wrong_magic_byte",
    Damage.UNKNOWN_SCHEMA_ID: "unknown_schema_id",
    Damage.TRUNCATED: "undecodable",
    Damage.EMPTY: "empty_value",
    Damage.TRAILING: "trailing_bytes",
    Damage.FOREIGN_SCHEMA: "wrong_schema",
    Damage.NULL: "null_value",
}
"""The reason that ``failed-events`` must give."""


def damaged(value: bytes, damage: Damage, seed: int, foreign_schema_id: int) -> bytes | None:
    """The bytes of a valid record after the damage.

    Args:
        value: The framed bytes.
        damage: How to damage them.
        seed: Of what is random in it.
        foreign_schema_id: Id of a schema of something else than events.
    """
    rng = seeded_rng(seed)
    match damage:
        case Damage.RANDOM_BYTES:
            return bytes([rng.randrange(1, 256)]) + rng.randbytes(rng.randrange(_MAX_JUNK_BYTES))
        case Damage.WRONG_MAGIC_BYTE:
            return bytes([rng.randrange(1, 256)]) + value[1:]
        case Damage.UNKNOWN_SCHEMA_ID:
            return _with_schema(value, rng.choice(UNKNOWN_IDS))
        case Damage.TRUNCATED:
            return value[: rng.randrange(1, len(value))]
        case Damage.EMPTY:
            return b""
        case Damage.TRAILING:
            return value + rng.randbytes(rng.randrange(1, 20))
        case Damage.FOREIGN_SCHEMA:
            return _with_schema(value, foreign_schema_id)
        case Damage.NULL:
            return None


def _with_schema(value: bytes, schema_id: int) -> bytes:
    return value[:1] + schema_id.to_bytes(4, "big") + value[HEADER_BYTES:]


class Impossible(NamedTuple):
    """An event that is well encoded and has impossible values.

    Attributes:
        reason: The reason that ``failed-events`` must give.
        event_type: Its type.
        body: Its fields.
        has_user: Whether it has a user id.
        has_id: Whether it has an id.
    """

    reason: str
    event_type: str
    body: dict[str, Any]
    has_user: bool = True
    has_id: bool = True


_LINE: Final = {"product_id": "p-00000", "quantity": 1, "price": Decimal("5.0000"), "category": None}
_MONEY: Final = {"currency": "EUR", "value": Decimal("5.0000")}
_ORDER: Final = {"order_id": "o-1", **_MONEY, "items": [_LINE]}
_PRODUCT: Final = {"product_id": "p-00000"}

IMPOSSIBLE: Final = (
    Impossible("invalid_value", "purchase", {**_ORDER, "value": Decimal("-5.0000")}),
    Impossible("invalid_value", "purchase", {**_ORDER, "items": [{**_LINE, "quantity": 0}]}),
    Impossible("invalid_value", "purchase", {**_ORDER, "items": [{**_LINE, "price": Decimal("-0.0001")}]}),
    Impossible("invalid_value", "purchase", {**_ORDER, "currency": "euro"}),
    Impossible("invalid_value", "add_to_cart", {**_PRODUCT, "quantity": -3}),
    Impossible("invalid_value", "review_posted", {**_PRODUCT, "rating": 6}),
    Impossible("invalid_value", "search", {"search_query": "lamp", "search_results": -1}),
    Impossible("invalid_value", "view_item", {"product_id": "p" * 300}),
    Impossible("missing_field", "purchase", {**_ORDER, "items": []}),
    Impossible("missing_field", "refund", {"order_id": "o-1", "currency": "EUR"}),
    Impossible("missing_field", "payment_failed", {"payment_id": "pay-1", **_MONEY}),
    Impossible("missing_field", "view_item", {}),
    Impossible("missing_field", "page_view", {}, has_user=False),
    Impossible("missing_field", "page_view", {}, has_id=False),
    Impossible("unknown_event_type", "teleported", {}),
    Impossible("unknown_event_type", "", {}),
)
