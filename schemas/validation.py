"""What makes a decoded event invalid, for the collector before Kafka and for ingest behind it.

Times are epoch milliseconds, amounts Decimals.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from schemas.event_types import EVENT_TYPES
from schemas.failures import Failure, Reason

Event = Mapping[str, Any]

MAX_ID_LENGTH: Final = 256
MAX_QUANTITY: Final = 1_000_000_000
MAX_INT: Final = 2**31 - 1
MAX_AMOUNT: Final = Decimal(10) ** 14
"""Amounts are decimal(18,4): what does not fit would become a null further on."""
IDS: Final = ("event_id", "user_id", "product_id", "order_id", "payment_id")
AMOUNTS: Final = ("value", "price", "tax", "shipping", "discount")
COUNTS: Final = {"stock": (0, MAX_QUANTITY), "search_results": (0, MAX_INT), "position": (1, MAX_INT), "rating": (1, 5)}
"""Whole numbers and the range that they can have."""
VISIBILITIES: Final = frozenset({"visible", "hidden"})
_CURRENCY: Final = re.compile(r"[A-Z]{3}\Z")
_ZERO: Final = Decimal(0)


def check_event(event: Event) -> Failure | None:
    """Whether an event of a canonical type may be counted, apart from its age.

    Args:
        event: A decoded ShopEvent whose ``event_type`` is canonical.

    Returns:
        None for a valid event, else the first thing that is wrong.
    """
    return _check_fields(event) or _check_values(event) or _check_items(event)


def check_age(event_time_ms: int, received_ms: int, lateness_ms: int, skew_ms: int) -> Failure | None:
    """Whether an event came in time; a function of the record alone, so that a replay decides the same.

    Args:
        event_time_ms: When it happened.
        received_ms: When the shop received it.
        lateness_ms: How long after it happened an event may come.
        skew_ms: How far the producer's clock may be ahead.
    """
    age_ms = received_ms - event_time_ms
    if age_ms > lateness_ms:
        return Failure(Reason.TOO_OLD, f"event_time: received {age_ms} ms after it happened, allowed are {lateness_ms}")
    if age_ms < -skew_ms:
        return Failure(
            Reason.TOO_FAR_IN_FUTURE,
            f"event_time: {-age_ms} ms ahead of its reception, allowed are {skew_ms}",
        )
    return None


def _check_fields(event: Event) -> Failure | None:
    kind = EVENT_TYPES[event["event_type"]]
    if not event["event_id"]:
        return _missing("event_id", kind.name)
    if kind.has_user and not event["user_id"]:
        return _missing("user_id", kind.name)
    for field in kind.required:
        value = event[field]
        if value is None or value == "" or value == []:
            return _missing(field, kind.name)
    return None


def _check_values(event: Event) -> Failure | None:
    for field in IDS:
        if event[field] and len(event[field]) > MAX_ID_LENGTH:
            return _invalid(field, f"longer than {MAX_ID_LENGTH} characters")
    for field in AMOUNTS:
        if event[field] is not None and not _ZERO <= event[field] < MAX_AMOUNT:
            return _invalid(field, f"{event[field]} is not between 0 and {MAX_AMOUNT}")
    for field, (lowest, highest) in COUNTS.items():
        if event[field] is not None and not lowest <= event[field] <= highest:
            return _invalid(field, f"{event[field]} is not between {lowest} and {highest}")
    if event["currency"] is not None and not _CURRENCY.match(event["currency"]):
        return _invalid("currency", f"{event['currency']!r} is not three capital letters")
    if event["visibility"] is not None and event["visibility"] not in VISIBILITIES:
        return _invalid("visibility", f"{event['visibility']!r} is neither visible nor hidden")
    return _check_quantity(event)


def _check_quantity(event: Event) -> Failure | None:
    quantity = event["quantity"]
    if quantity is None:
        return None
    if abs(quantity) > MAX_QUANTITY:
        return _invalid("quantity", f"{quantity} is beyond {MAX_QUANTITY}")
    if quantity <= 0 and event["event_type"] != "stock_changed":
        return _invalid("quantity", f"{quantity} is not positive")
    return None


def _check_items(event: Event) -> Failure | None:
    for index, item in enumerate(event["items"]):
        if not item["product_id"]:
            return Failure(Reason.MISSING_FIELD, f"items[{index}].product_id: is empty")
        if len(item["product_id"]) > MAX_ID_LENGTH:
            return _invalid(f"items[{index}].product_id", f"longer than {MAX_ID_LENGTH} characters")
        if not 0 < item["quantity"] <= MAX_QUANTITY:
            return _invalid(f"items[{index}].quantity", f"{item['quantity']} is not between 1 and {MAX_QUANTITY}")
        if not _ZERO <= item["price"] < MAX_AMOUNT:
            return _invalid(f"items[{index}].price", f"{item['price']} is not between 0 and {MAX_AMOUNT}")
    return None


def _missing(field: str, event_type: str) -> Failure:
    return Failure(Reason.MISSING_FIELD, f"{field}: {event_type} requires it")


def _invalid(field: str, message: str) -> Failure:
    return Failure(Reason.INVALID_VALUE, f"{field}: {message}")
