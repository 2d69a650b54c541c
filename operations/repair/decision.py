"""What becomes of one failed event: sent on when ingest would accept it, else left where it is, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from jobs.ingest.decoder import EventDecoder
from jobs.ingest.rules import IngestRules
from operations.failed_events import FailedEvent
from operations.repair.collected import collected_events
from operations.repair.rule import Event, Rule, RuleFailed
from producers.collector.mapping import Mapper
from producers.publisher import Route
from schemas.codec import HEADER_BYTES, MAGIC
from schemas.event_types import canonical_type
from schemas.failures import Failure, Reason, Stage

LEFT_OUT: Final = "the rule leaves it where it is"
RULE_FAILED: Final = "rule_failed"
_UNFIT: Final = (TypeError, ValueError, KeyError, AttributeError, OverflowError)
"""What ``EventEncoder`` raises for a value that does not fit its field."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """A record that ingest will accept.

    Attributes:
        topic: Where it goes: the domain topic of its type, which is the one it came in unless the type was changed.
        key: Its user, or its product where there is no user.
        value: The framed event.
        event_id: Its id.
        further: One of each further product, where the collector refused an event about several.
    """

    topic: str
    key: str
    value: bytes
    event_id: str
    further: tuple[Repaired, ...] = ()

    @property
    def records(self) -> tuple[Repaired, ...]:
        """All that are to be sent."""
        return (self, *self.further)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A failed event that nothing is to be done about, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class StillInvalid:
    """A failed event that would fail again.

    Attributes:
        reason: A Reason, or RULE_FAILED.
        message: The same in words.
    """

    reason: str
    message: str


Decision = Repaired | Skipped | StillInvalid


def event_id_of(failed: FailedEvent) -> str:
    """The id of an event that has none, from where it came in: the same however often it is repaired."""
    return f"{failed.topic}-{failed.partition}-{failed.offset}"


def reframed(value: bytes | None, schema_id: int) -> bytes | None:
    """The bytes of a record under another schema; bytes without a frame get one."""
    if not value:
        return value
    body = value[HEADER_BYTES:] if value[0] == MAGIC and len(value) >= HEADER_BYTES else value
    return bytes([MAGIC]) + schema_id.to_bytes(4, "big") + body


class Repair:
    """Decides on failed events.

    Args:
        decoder: Decodes them.
        rules: Those of ingest.
        routes: Where each type of event goes, and how it is written there.
        mapper: Reads what the collector refused.
        rule: Sets them right.
    """

    def __init__(
        self, decoder: EventDecoder, rules: IngestRules, routes: Mapping[str, Route], mapper: Mapper, rule: Rule
    ) -> None:
        self._decoder = decoder
        self._rules = rules
        self._routes = routes
        self._mapper = mapper
        self._rule = rule

    def decode(self, value: bytes | None) -> Event | Failure:
        """The fields of a record, or why it has none."""
        return self._decoder.decode(value)

    def decide(self, failed: FailedEvent, value: bytes | None, received_ms: int) -> Decision:
        """What becomes of a failed event.

        Args:
            failed: Where it came from.
            value: Its bytes, under another schema if that was asked for.
            received_ms: When the shop first received it, epoch milliseconds.

        Raises:
            RegistryUnavailable: The registry does not answer.
        """
        try:
            is_copy = failed.stage is Stage.COLLECTOR
            events = self._collected(failed, received_ms) if is_copy else self._set_right(value)
        except RuleFailed as error:
            return StillInvalid(RULE_FAILED, str(error))
        if not events:
            return Skipped(LEFT_OUT)
        if isinstance(events, Failure):
            return StillInvalid(events.reason, events.message)
        return self._judge_all(failed, events, received_ms)

    def _judge_all(self, failed: FailedEvent, events: list[Event], received_ms: int) -> Repaired | StillInvalid:
        records: list[Repaired] = []
        for event in events:
            event["event_id"] = event.get("event_id") or event_id_of(failed)
            judged = self._judge(event, received_ms)
            if isinstance(judged, StillInvalid):
                return judged
            records.append(judged)
        return replace(records[0], further=tuple(records[1:]))

    def _collected(self, failed: FailedEvent, received_ms: int) -> list[Event] | Failure:
        events = collected_events(failed, received_ms, self._mapper, self._rule)
        if isinstance(events, Failure):
            return events
        return [right for event in events if (right := self._rule.of_event(event)) is not None]

    def _set_right(self, value: bytes | None) -> list[Event] | Failure:
        event = self._decoder.decode(value)
        if not isinstance(event, Failure):
            right: Event | Failure | None = self._rule.of_event(event)
        elif self._rule.repair_bytes is None:
            right = event
        else:
            answer = self._rule.of_bytes(value)
            right = self._decoder.decode(answer) if isinstance(answer, bytes) else answer
        if isinstance(right, Failure):
            return right
        return [] if right is None else [right]

    def _judge(self, event: Event, received_ms: int) -> Repaired | StillInvalid:
        name: Any = event.get("event_type")
        event_type = canonical_type(name) if isinstance(name, str) else None
        if event_type is None:
            message = f"event_type: {name!r} is neither a type nor an alias of one"
            return StillInvalid(Reason.UNKNOWN_EVENT_TYPE, message)
        route = self._routes[event_type]
        try:
            value = route.encoder.encode({**event, "event_type": event_type})
        except _UNFIT as error:
            return StillInvalid(Reason.INVALID_VALUE, f"does not fit the ShopEvent schema: {error}")
        accepted = self._rules.decide(value, received_ms, None)
        if isinstance(accepted, Failure):
            return StillInvalid(accepted.reason, accepted.message)
        return Repaired(route.topic, accepted.key, value, accepted.event_id)
