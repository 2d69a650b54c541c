"""Each case of the table in docs/tracking.md, of a client whose clock is an hour ahead or right."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.collector.clocks import event_time_ms
from tests.support.mapping import NOW_MS

SECOND = 1000
AHEAD = 3_600_000  # the client's clock


def at(shift_ms: int) -> str:
    """A time relative to NOW_MS."""
    return datetime.fromtimestamp((NOW_MS + shift_ms) / 1000, UTC).isoformat()


# The event happened 90 s ago, was sent 80 s after it, and a pipeline in between received it 60 s ago.
HAPPENED, SENT, FORWARDED = AHEAD - 90 * SECOND, AHEAD - 10 * SECOND, -60 * SECOND
TIMES: list[tuple[dict[str, Any], dict[str, Any], int]] = [
    # the event, its batch, its time relative to its reception here
    ({"timestamp": at(-90 * SECOND)}, {}, -90 * SECOND),
    ({"originalTimestamp": at(-90 * SECOND)}, {}, -90 * SECOND),
    ({"timestamp": at(HAPPENED)}, {"sentAt": at(SENT)}, -80 * SECOND),
    ({"timestamp": at(HAPPENED), "sentAt": at(SENT)}, {}, -80 * SECOND),
    ({"originalTimestamp": at(HAPPENED), "sentAt": at(SENT)}, {}, -80 * SECOND),
    ({"timestamp": at(HAPPENED), "sentAt": at(SENT)}, {"sentAt": at(0)}, -80 * SECOND),
    ({"timestamp": NOW_MS + HAPPENED, "sentAt": (NOW_MS + SENT) // 1000}, {}, -80 * SECOND),
    ({"timestamp": at(-5), "receivedAt": at(FORWARDED), "sentAt": at(SENT)}, {}, -5),
    ({"timestamp": at(-5), "originalTimestamp": at(HAPPENED), "receivedAt": at(FORWARDED)}, {"sentAt": at(SENT)}, -5),
    ({"timestamp": at(-5)}, {"receivedAt": at(FORWARDED), "sentAt": at(SENT)}, -5),
    ({"originalTimestamp": at(HAPPENED), "sentAt": at(SENT), "receivedAt": at(FORWARDED)}, {}, -140 * SECOND),
    ({"originalTimestamp": at(HAPPENED)}, {"sentAt": at(SENT), "receivedAt": at(FORWARDED)}, -140 * SECOND),
    ({"originalTimestamp": at(-90 * SECOND), "receivedAt": at(FORWARDED)}, {}, -90 * SECOND),
    ({"timestamp": at(-5), "originalTimestamp": at(HAPPENED), "sentAt": at(SENT)}, {}, -5),
    ({"timestamp": at(HAPPENED), "originalTimestamp": at(HAPPENED), "sentAt": at(SENT)}, {}, -80 * SECOND),
    ({"timestamp_micros": (NOW_MS - 7) * 1000, "sentAt": at(SENT)}, {}, -7),
    ({}, {}, 0),
    ({"sentAt": at(SENT)}, {"sentAt": at(SENT)}, 0),
    ({"receivedAt": at(FORWARDED)}, {}, FORWARDED),
    ({}, {"receivedAt": at(FORWARDED)}, FORWARDED),
    ({"timestamp": at(-5), "sentAt": "soon", "receivedAt": False}, {"sentAt": 0, "receivedAt": {}}, -5),
    ({"timestamp": at(HAPPENED), "sentAt": "soon"}, {"sentAt": at(SENT)}, -80 * SECOND),
]


@pytest.mark.parametrize(("event", "batch", "expected"), TIMES)
def test_a_time_is_corrected_once_by_the_clock_that_was_wrong(
    front: Any, event: dict[str, Any], batch: dict[str, Any], expected: int
) -> None:
    body = {**batch, "batch": [{"type": "page", "userId": "u", **event}]}
    assert front.post("/v1/batch", json.dumps(body)).status_code == 202
    assert front.kafka.events[0]["event_time"] - NOW_MS == expected


@pytest.mark.parametrize(("event", "batch", "expected"), TIMES)
def test_an_event_that_is_sent_alone_says_the_same_itself(
    front: Any, event: dict[str, Any], batch: dict[str, Any], expected: int
) -> None:
    readable = {name: value for name, value in event.items() if value not in ("soon", False)}
    assert front.post("/v1/page", json.dumps({"userId": "u", **batch, **readable})).status_code == 202
    assert front.kafka.events[0]["event_time"] - NOW_MS == expected


@given(st.integers(-(10**10), 10**10), st.integers(0, 10**9), st.integers(0, 10**6))
def test_however_wrong_a_clock_is_the_time_is_the_same(wrong_ms: int, age_ms: int, way_ms: int) -> None:
    sent_ms = NOW_MS - way_ms + wrong_ms
    body = {"timestamp": sent_ms - age_ms, "sentAt": sent_ms}
    assert event_time_ms(body, NOW_MS, None, None) == NOW_MS - age_ms
