"""What a body says around its events: which they are, and what holds for all of them.

What cannot be read here is passed over: it costs no event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from producers.collector.values import Unfit, epoch_ms, text, time_ms
from web.problems import MALFORMED_BODY, Problem

Context = dict[str, Any]

_SHARED: Final[dict[str, Callable[[Any], Any]]] = {"client_id": text, "user_id": text, "timestamp_micros": epoch_ms}
"""What Google's body says once for all its events, and how to read it."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A body, taken apart.

    Attributes:
        events: Its events as they stand, with what Google's body says for all of them.
        sent_at_ms: When the body was sent, by the client's clock; None when it does not say so readably.
        received_at_ms: When another pipeline received it, which forwards it; None likewise.
        context: Segment's context of all events.
    """

    events: list[Any]
    sent_at_ms: int | None = None
    received_at_ms: int | None = None
    context: Context = field(default_factory=dict)


def envelope_of(body: Any) -> Envelope:
    """Take a body apart: one event, a list of them, Segment's ``batch`` or Google's ``events``.

    Raises:
        Problem: ``batch`` or ``events`` is not a list.
    """
    if type(body) is list:
        return Envelope(body)
    if type(body) is not dict:
        return Envelope([body])
    name = next((name for name in ("batch", "events") if name in body), None)
    if name is None:
        return Envelope([body])
    events = body[name]
    if type(events) is not list:
        raise Problem(MALFORMED_BODY, f"{name} is not a list of events.")
    context = body.get("context")
    return Envelope(
        _with_shared(body, events),
        readable(time_ms, body.get("sentAt")),
        readable(time_ms, body.get("receivedAt")),
        context if type(context) is dict else {},
    )


def merged_context(shared: Context, own: Context) -> Context:
    """An event's context over that of its batch: where both have a part (``page``, ``campaign``), name by name."""
    if not shared or not own:
        return own or shared
    context = {**shared}
    for name, value in own.items():
        outer = shared.get(name)
        if type(value) is dict and type(outer) is dict:
            context[name] = {**outer, **{each: inner for each, inner in value.items() if inner is not None}}
        elif value is not None:
            context[name] = value
    return context


def readable(read: Callable[[Any], int], value: Any) -> int | None:
    """What ``read`` makes of a value; None where there is none that it can read."""
    try:
        return None if value is None or value == "" else read(value)
    except Unfit:
        return None


def _with_shared(body: dict[str, Any], events: list[Any]) -> list[Any]:
    shared = {name: body[name] for name, read in _SHARED.items() if _is_readable(read, body.get(name))}
    if not shared:
        return events
    return [_over(shared, event) if type(event) is dict else event for event in events]


def _is_readable(read: Callable[[Any], Any], value: Any) -> bool:
    try:
        read(value)
    except Unfit:
        return False
    return True


def _over(shared: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    return {**event, **{name: value for name, value in shared.items() if event.get(name) in (None, "")}}
