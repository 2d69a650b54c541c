"""What makes a decoded event invalid, for the collector before Kafka and for ingest behind it.

Times are epoch milliseconds, amounts Decimals.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, assert_never

from schemas.event_types import EVENT_TYPES, EventType
from schemas.failures import Failure, Reason

Event = Mapping[str, Any]

MAX_ID_LENGTH: Final = 256
MAX_QUANTITY: Final = 1_000_000_000
MAX_INT: Final = 2**31 - 1
MAX_AMOUNT: Final = Decimal(10) ** 14
"""Amounts are decimal(18,4): what does not fit would become a null further on."""
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Identifier:
    """Text of at most MAX_ID_LENGTH characters, not all of them blanks.

    Attributes:
        is_required: Whether it may not be empty.
    """

    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Amount:
    """A decimal from 0 to below MAX_AMOUNT."""


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A whole number in a range.

    Attributes:
        lowest: The smallest that it can be.
        highest: The largest.
        exceptions: The smallest one of an event type for which another holds than ``lowest``.
    """

    lowest: int
    highest: int
    exceptions: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Code:
    """Text of so many characters of a range of ASCII.

    Attributes:
        length: How many characters.
        first: The first character of the range.
        last: The last one.
        description: What such a text is, for a person.
    """

    length: int
    first: str
    last: str
    description: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few texts."""

    texts: tuple[str, ...]


Constraint = Identifier | Amount | WholeNumber | Code | OneOf

CONSTRAINTS: Final[dict[str, Constraint]] = {
    "event_id": Identifier(),
    "user_id": Identifier(),
    "anonymous_id": Identifier(),
    "session_id": Identifier(),
    "product_id": Identifier(),
    "order_id": Identifier(),
    "payment_id": Identifier(),
    "list_id": Identifier(),
    "recommendation_id": Identifier(),
    "value": Amount(),
    "price": Amount(),
    "tax": Amount(),
    "shipping": Amount(),
    "discount": Amount(),
    "stock": WholeNumber(0, MAX_QUANTITY),
    "search_results": WholeNumber(0, MAX_INT),
    "position": WholeNumber(1, MAX_INT),
    "rating": WholeNumber(1, 5),
    "currency": Code(3, "A", "Z", "three capital letters"),
    "visibility": OneOf(("visible", "hidden")),
    "quantity": WholeNumber(1, MAX_QUANTITY, exceptions=(("stock_changed", -MAX_QUANTITY),)),
}
"""What the value of a field must be where it is given. Ingest's batches iterate over the same table, so no rule about a
value is written anywhere else."""

ITEM_CONSTRAINTS: Final[dict[str, Constraint]] = {
    "product_id": Identifier(is_required=True),
    "quantity": WholeNumber(1, MAX_QUANTITY),
    "price": Amount(),
}
"""The same for each of the items."""


def required_fields(kind: EventType) -> tuple[str, ...]:
    """The fields that an event of this type must have, neither null nor empty."""
    return ("event_id", *(("user_id",) if kind.has_user else ()), *kind.required)


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
    for field in required_fields(kind):
        value = event[field]
        if value is None or value == "" or value == []:
            return Failure(Reason.MISSING_FIELD, f"{field}: {kind.name} requires it")
    return None


def _check_values(event: Event) -> Failure | None:
    event_type = event["event_type"]
    for field, problem_of in _PROBLEMS:
        value = event[field]
        if value is not None and (problem := problem_of(value, event_type)):
            return Failure(Reason.INVALID_VALUE, f"{field}: {problem}")
    return None


def _check_items(event: Event) -> Failure | None:
    for index, item in enumerate(event["items"]):
        for field in _REQUIRED_OF_ITEMS:
            if not item[field]:
                return Failure(Reason.MISSING_FIELD, f"items[{index}].{field}: is empty")
        for field, problem_of in _PROBLEMS_OF_ITEMS:
            if problem := problem_of(item[field], event["event_type"]):
                return Failure(Reason.INVALID_VALUE, f"items[{index}].{field}: {problem}")
    return None


Problem = Callable[[Any, str], str]
"""(value, event type) -> what is wrong with it; empty if nothing is."""


def _problem(constraint: Constraint) -> Problem:
    match constraint:
        case Identifier():
            return lambda value, _: _identifier_problem(value)
        case Amount():
            return lambda value, _: "" if _ZERO <= value < MAX_AMOUNT else f"{value} is not between 0 and {MAX_AMOUNT}"
        case WholeNumber():
            return _range_problem(constraint)
        case Code(length, first, last, description):
            fits = re.compile(rf"[{first}-{last}]{{{length}}}\Z").match
            return lambda value, _: "" if fits(value) else f"{value!r} is not {description}"
        case OneOf(texts):
            return lambda value, _: "" if value in texts else f"{value!r} is not one of {', '.join(texts)}"
        case _:
            assert_never(constraint)


def _identifier_problem(value: str) -> str:
    if len(value) > MAX_ID_LENGTH:
        return f"longer than {MAX_ID_LENGTH} characters"
    return "has nothing but blanks" if value.isspace() else ""


def _range_problem(constraint: WholeNumber) -> Problem:
    highest, exceptions = constraint.highest, dict(constraint.exceptions)

    def problem(value: int, event_type: str) -> str:
        lowest = exceptions.get(event_type, constraint.lowest)
        return "" if lowest <= value <= highest else f"{value} is not between {lowest} and {highest}"

    return problem


_PROBLEMS: Final = tuple((field, _problem(constraint)) for field, constraint in CONSTRAINTS.items())
_PROBLEMS_OF_ITEMS: Final = tuple((field, _problem(constraint)) for field, constraint in ITEM_CONSTRAINTS.items())
_REQUIRED_OF_ITEMS: Final = tuple(
    field for field, constraint in ITEM_CONSTRAINTS.items() if constraint == Identifier(is_required=True)
)
