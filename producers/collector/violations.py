"""What can be wrong with one event: a kind for programs, a message for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.failures import Failure, Reason


class Kind(StrEnum):
    """Closed set of violations, each with one meaning."""

    REQUIRED_MISSING = "required_missing"  # a field that the event's type requires is absent, null or empty
    TYPE_MISMATCH = "type_mismatch"  # a field is of a wrong JSON type
    UNKNOWN_EVENT = "unknown_event"  # neither an event type nor an alias of one
    INVALID_VALUE = "invalid_value"  # a field is of the right type and holds what cannot be
    TOO_LARGE = "too_large"  # the event is larger than one may be
    TOO_OLD = "too_old"  # happened longer ago than the allowed lateness
    TOO_FAR_IN_FUTURE = "too_far_in_future"  # lies further ahead of its reception than clocks may differ


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with an event.

    Attributes:
        kind: Which of the closed set.
        field: The ShopEvent's field at fault, or the name in the body where there is no such field; "" for the whole.
        message: What is wrong with it, in words.
        costs_event: Whether the event is refused even if its type does not require the field.
    """

    kind: Kind
    field: str
    message: str
    costs_event: bool = False


class Rejected(Exception):
    """An event that breaks the contract; never leaves the collector.

    Args:
        violations: All violations of the event, at least one.
    """

    def __init__(self, *violations: Violation) -> None:
        super().__init__("; ".join(f"{each.field}: {each.message}" for each in violations))
        self.violations = violations


_KIND_OF: Final = {
    Reason.MISSING_FIELD: Kind.REQUIRED_MISSING,
    Reason.INVALID_VALUE: Kind.INVALID_VALUE,
    Reason.TOO_OLD: Kind.TOO_OLD,
    Reason.TOO_FAR_IN_FUTURE: Kind.TOO_FAR_IN_FUTURE,
}

_REASON_OF: Final = {kind: reason for reason, kind in _KIND_OF.items()} | {
    Kind.TYPE_MISMATCH: Reason.INVALID_VALUE,
    Kind.UNKNOWN_EVENT: Reason.UNKNOWN_EVENT_TYPE,
    Kind.TOO_LARGE: Reason.TOO_LARGE,
}


def reason_of(kind: Kind) -> Reason:
    """A kind of violation as a reason of ``failed-events``."""
    return _REASON_OF[kind]


def violation_of(failure: Failure) -> Violation:
    """A failure of ``schemas.validation`` as a violation."""
    field, _, message = failure.message.partition(": ")
    return Violation(_KIND_OF[failure.reason], field, message)
