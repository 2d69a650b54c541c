"""What happens to one record: it passes as it is, passes under its canonical name, or is refused with a reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from jobs.ingest.decoder import EventDecoder
from schemas.event_types import canonical_type, record_key
from schemas.failures import Failure, Reason
from schemas.topics import HEADER_RECEIVED_AT
from schemas.validation import check_age, check_event


@dataclass(frozen=True, slots=True)
class Accepted:
    """A record that counts.

    Attributes:
        event_id: What makes it unique.
        key: Its key in ``events``: the user, or the product where there is no user.
        rewritten: Its bytes when they had to be changed, None when they pass as they are.
    """

    event_id: str
    key: str
    rewritten: bytes | None = None


@dataclass(frozen=True, slots=True)
class AgeLimits:
    """How late and how early an event may be, in milliseconds."""

    lateness_ms: int
    skew_ms: int


class IngestRules:
    """Decides on records; the same record always gets the same decision.

    Args:
        decoder: Decodes the values.
        limits: Bounds on an event's age.
    """

    def __init__(self, decoder: EventDecoder, limits: AgeLimits) -> None:
        self._decoder = decoder
        self._limits = limits

    def decide(self, value: bytes | None, timestamp_ms: int, received_at: bytes | None) -> Accepted | Failure:
        """What becomes of a record.

        Args:
            value: Its value.
            timestamp_ms: Its Kafka timestamp.
            received_at: Its header ``shop-received-at``, which wins over the timestamp.

        Raises:
            RegistryUnavailable: The schema registry cannot be asked; ask again later.
        """
        event = self._decoder.decode(value)
        if isinstance(event, Failure):
            return event
        name = event["event_type"]
        failure = self._check(event, timestamp_ms, received_at)
        if failure is not None:
            return replace(failure, user_id=event.get("user_id") or "")
        assert value is not None
        return Accepted(
            event_id=event["event_id"],
            key=record_key(event),
            rewritten=None if name == event["event_type"] else self._decoder.renamed(value, event["event_type"]),
        )

    def _check(self, event: dict[str, Any], timestamp_ms: int, received_at: bytes | None) -> Failure | None:
        """What is wrong with an event, which gets the canonical name of its type."""
        name = event["event_type"]
        event_type = canonical_type(name)
        if event_type is None:
            return Failure(Reason.UNKNOWN_EVENT_TYPE, f"event_type: {name!r} is neither a type nor an alias of one")
        event["event_type"] = event_type
        return check_event(event) or self._check_age(event["event_time"], timestamp_ms, received_at)

    def _check_age(self, event_time_ms: int, timestamp_ms: int, received_at: bytes | None) -> Failure | None:
        if received_at is None:
            received_ms = timestamp_ms
        elif received_at.isdigit():
            received_ms = int(received_at)
        else:
            return Failure(Reason.INVALID_VALUE, f"header {HEADER_RECEIVED_AT}: {received_at!r} is not milliseconds")
        return check_age(event_time_ms, received_ms, self._limits.lateness_ms, self._limits.skew_ms)
