"""Events that the collector refused, read from their copies again as the collector reads a request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from operations.failed_events import FailedEvent
from operations.repair.rule import Event, Rule
from producers.collector.mapping import Arrival, Mapper
from producers.collector.violations import Rejected, reason_of
from producers.publisher import ABSENT
from schemas.failures import HEADER_REQUEST, Failure


@dataclass(frozen=True, slots=True)
class Request:
    """What a request said beside an event of it.

    Attributes:
        event_id: The id that the sender was answered with.
        call: The kind of Segment's call where the body does not say.
        arrival: How it came.
    """

    event_id: str
    call: str
    arrival: Arrival


def collected_events(failed: FailedEvent, received_ms: int, mapper: Mapper, rule: Rule) -> list[Event] | Failure:
    """The events that a refused one becomes, its body set right, none where the rule leaves it; or why it becomes none.

    Args:
        failed: One that the collector refused.
        received_ms: When it came, epoch milliseconds.
        mapper: Reads bodies; an event without an id of its own has the one that its sender was answered with.
        rule: Sets its body right.

    Raises:
        RuleFailed: The rule raised, or answered with something else.
    """
    if failed.cut_from is not None:
        return Failure(
            failed.reason, f"only the first {len(failed.value or b''):,} of {failed.cut_from:,} bytes were kept"
        )
    request = request_of(failed, received_ms)
    if request is None or failed.value is None:
        return Failure(failed.reason, failed.message)
    body = rule.of_body(orjson.loads(failed.value))
    if body is None:
        return []
    mapper = replace(mapper, new_id=lambda: request.event_id)
    try:
        events = mapper.map(body, mapper.event_id_of(body), request.call, request.arrival)
    except Rejected as rejected:
        return Failure(reason_of(rejected.violations[0].kind), str(rejected))
    return [{**ABSENT, **event} for event in events]


def request_of(failed: FailedEvent, received_ms: int) -> Request | None:
    """What its request said; None where that was not kept, as of an erased user.

    Args:
        failed: One that the collector refused.
        received_ms: When it came, epoch milliseconds.
    """
    header = dict(failed.headers).get(HEADER_REQUEST)
    if header is None:
        return None
    request: Mapping[str, Any] = json.loads(header)
    arrival = Arrival(
        received_ms,
        request["sent_at_ms"],
        request["device"],
        request["country"],
        request["forwarded_ms"],
        request["context"],
    )
    return Request(request["event_id"], request["call"], arrival)
