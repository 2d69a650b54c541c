"""When an event happened, by the shop's clock: who has corrected the client's, and by what.

A clock may be wrong by any amount, but it is equally wrong when the event happens (``timestamp``) and when it is sent
(``sentAt``). So the event is as old at its reception as the client says it was when it was sent. The reception is
that of whoever received it first: this collector, or a pipeline that forwards events with its own ``receivedAt``, which
may have corrected already. The cases are a table in docs/tracking.md.
"""

from __future__ import annotations

from typing import Any

from producers.collector.envelope import readable
from producers.collector.values import epoch_ms, time_ms


def event_time_ms(body: dict[str, Any], received_ms: int, sent_at_ms: int | None, forwarded_ms: int | None) -> int:
    """When an event happened, in epoch milliseconds.

    Args:
        body: The event as the client sent it.
        received_ms: When it was received here.
        sent_at_ms: When its batch was sent, by the client's clock.
        forwarded_ms: When another pipeline received its batch.

    Raises:
        Unfit: The time that it names is none.
    """
    forwarded_ms = _own_or(body, "receivedAt", forwarded_ms)
    first_received_ms = received_ms if forwarded_ms is None else forwarded_ms
    timestamp = _time_of(body, "timestamp")
    if timestamp is None:
        return _uncorrected(body, first_received_ms, sent_at_ms)
    original = readable(time_ms, body.get("originalTimestamp"))
    is_corrected = forwarded_ms is not None or original not in (None, timestamp)
    return timestamp if is_corrected else _corrected(timestamp, body, first_received_ms, sent_at_ms)


def _uncorrected(body: dict[str, Any], first_received_ms: int, sent_at_ms: int | None) -> int:
    original = _time_of(body, "originalTimestamp")
    if original is not None:
        return _corrected(original, body, first_received_ms, sent_at_ms)
    micros = body.get("timestamp_micros")
    return first_received_ms if micros is None or micros == "" else epoch_ms(micros)


def _corrected(client_ms: int, body: dict[str, Any], first_received_ms: int, sent_at_ms: int | None) -> int:
    sent_at_ms = _own_or(body, "sentAt", sent_at_ms)
    return client_ms if sent_at_ms is None else first_received_ms - (sent_at_ms - client_ms)


def _own_or(body: dict[str, Any], name: str, of_batch_ms: int | None) -> int | None:
    own_ms = readable(time_ms, body.get(name))
    return of_batch_ms if own_ms is None else own_ms


def _time_of(body: dict[str, Any], name: str) -> int | None:
    value = body.get(name)
    return None if value is None or value == "" else time_ms(value)
