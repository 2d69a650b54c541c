"""Why a record lands in ``failed-events``, and how it says so: Kafka Connect's dead-letter headers.

The value and the key of a record that ingest refused are the original bytes, untouched, but for a user who was erased.
Those of an event that the collector refused are its JSON, of which a long one is cut, and its user.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """Closed set of reasons, each with one meaning."""

    NULL_VALUE = "null_value"  # the record has no value at all
    EMPTY_VALUE = "empty_value"  # a value of no bytes
    WRONG_MAGIC_BYTE = "wrong_magic_byte"  # does not begin as a Confluent-framed record does
    UNKNOWN_SCHEMA_ID = "unknown_schema_id"  # the registry has no schema of that id
    WRONG_SCHEMA = "wrong_schema"  # the schema of that id is not one of ShopEvent
    UNDECODABLE = "undecodable"  # truncated, or bytes that do not follow the schema
    TRAILING_BYTES = "trailing_bytes"  # bytes are left after the record
    UNKNOWN_EVENT_TYPE = "unknown_event_type"  # neither a canonical name nor an alias
    MISSING_FIELD = "missing_field"  # a field that the type requires is null or empty
    INVALID_VALUE = "invalid_value"  # a field holds what cannot be
    TOO_OLD = "too_old"  # happened longer ago than the allowed lateness when it was received
    ERASED_USER = "erased_user"  # the user was erased; neither key nor value are kept
    TOO_FAR_IN_FUTURE = "too_far_in_future"  # lies further ahead of its reception than clocks may differ
    TOO_LARGE = "too_large"  # an event over HTTP that is larger than one may be


class Stage(StrEnum):
    """Who refused a record."""

    INGEST = "ingest"  # the job: what stood in a domain topic
    COLLECTOR = "collector"  # what came over HTTP, and stands nowhere else


HEADER_TOPIC: Final = "__connect.errors.topic"
HEADER_PARTITION: Final = "__connect.errors.partition"
HEADER_OFFSET: Final = "__connect.errors.offset"
HEADER_STAGE: Final = "__connect.errors.stage"
HEADER_CLASS: Final = "__connect.errors.exception.class.name"
HEADER_MESSAGE: Final = "__connect.errors.exception.message"
HEADER_REQUEST: Final = "shop-collector-request"
"""Header of an event that the collector refused: what its request said beside it, as JSON."""

HEADER_CUT_FROM: Final = "shop-cut-from"
"""Header of one of which only the beginning is kept: how many bytes it had, ASCII digits."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What is wrong with a record: the reason of the closed set, and the words for a person.

    ``user_id`` is the user that the record names all the same, "" where it names none or cannot be read.
    """

    reason: Reason
    message: str
    user_id: str = field(default="", compare=False)
