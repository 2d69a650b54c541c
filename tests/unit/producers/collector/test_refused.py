"""Copies of refused events: what is in them, how many there are, and that no answer depends on them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from producers.collector.mapping import Arrival
from producers.collector.metrics import Metrics
from producers.collector.refused import BURST_SECONDS, Copy, RefusedEvents, record_of
from producers.collector.violations import Kind, Violation, reason_of
from schemas.failures import Reason
from schemas.settings import Settings
from tests.unit.producers.collector.conftest import NOW_MS
from web.background import BackgroundTask

GOOD = {
    "type": "track",
    "messageId": "good",
    "userId": "u",
    "event": "Product Viewed",
    "properties": {"product_id": "a"},
}
BAD = {"type": "track", "messageId": "bad", "userId": 7, "anonymousId": "a-1", "event": "Product Viewed"}


def count(metrics: Metrics, name: str) -> float:
    lines = metrics.page().decode().splitlines()
    return float(next(line.rsplit(" ", 1)[1] for line in lines if line.startswith(f"shop_collector_{name} ")))


def test_a_refused_event_leaves_a_copy_of_what_its_sender_wrote(front: Any) -> None:
    batch = {"sentAt": "2026-01-01T00:00:00Z", "context": {"locale": "pt-PT"}, "batch": [GOOD, BAD]}
    answer = front.post("/v1/batch", json.dumps(batch), user_agent="Mozilla/5.0 (iPhone)")
    assert (answer.status_code, answer.json()["accepted"]) == (207, ["good"])
    (copy,) = front.copies
    assert json.loads(copy.value) == BAD
    assert json.loads(copy.request) == {
        "event_id": "bad",
        "call": "track",
        "sent_at_ms": NOW_MS,
        "device": "mobile",
        "country": None,
        "forwarded_ms": None,
        "context": {"locale": "pt-PT"},
    }
    assert (copy.user_ids, copy.received_ms, copy.size_bytes) == (["7", "a-1"], NOW_MS, len(copy.value))
    assert (copy.reason, copy.message) == (Reason.MISSING_FIELD, "product_id: view_item requires it")
    assert count(front.metrics, "rejected_kept_total") == 1


def test_its_record_says_who_refused_it_and_why(front: Any) -> None:
    front.post("/v1/track", json.dumps(BAD))
    (copy,) = front.copies
    key, value, headers = record_of(copy, is_erased=False)
    assert (key, value) == ("7", copy.value)
    assert dict(headers) == {
        "__connect.errors.stage": "collector",
        "__connect.errors.exception.class.name": "missing_field",
        "__connect.errors.exception.message": "product_id: view_item requires it",
        "shop-received-at": str(NOW_MS),
        "shop-collector-request": copy.request,
    }


def test_of_an_erased_user_neither_key_nor_bytes_nor_words_are_kept(front: Any) -> None:
    front.post("/v1/track", json.dumps(BAD | {"userId": "ada", "event": "ada was here"}))
    key, value, headers = record_of(front.copies[0], is_erased=True)
    assert (key, value) == (None, None)
    assert dict(headers)["__connect.errors.exception.class.name"] == "erased_user"
    assert "ada" not in str(headers)


def test_an_event_that_is_accepted_leaves_none(front: Any) -> None:
    assert front.post("/v1/track", json.dumps(GOOD)).status_code == 202
    assert front.copies == []


def test_half_an_emoji_and_a_number_that_is_none_are_kept_as_text(front: Any) -> None:
    front.post("/v1/track", '{"userId":"u","event":"Product Viewed","properties":{"price":NaN,"q":"\\ud83c"}}')
    properties = json.loads(front.copies[0].value)["properties"]
    assert properties == {"price": "NaN", "q": "\ufffd"}


def test_of_a_long_event_the_beginning_is_kept_and_its_length(make_front: Any) -> None:
    front = make_front(collector_kept_event_bytes=256)
    front.post("/v1/track", json.dumps(BAD | {"context": {"note": "x" * 1_000}}))
    (copy,) = front.copies
    assert (len(copy.value), copy.size_bytes > 1_000) == (256, True)
    assert dict(record_of(copy, is_erased=False)[2])["shop-cut-from"] == str(copy.size_bytes)


def test_a_long_context_of_a_batch_is_left_out_of_each_copy(front: Any) -> None:
    front.post("/v1/batch", json.dumps({"context": {"note": "x" * 10_000}, "batch": [BAD] * 3}))
    assert [json.loads(copy.request)["context"] for copy in front.copies] == [{}, {}, {}]


def test_what_is_nested_too_deeply_to_be_written_is_counted(front: Any) -> None:
    body = '{"userId":"u","event":"x","properties":' + '{"a":' * 400 + "1" + "}" * 401
    assert front.post("/v1/track", body).status_code == 422
    assert front.copies == []
    assert 'shop_collector_rejected_not_kept_total{why="unwritable"} 1.0' in front.metrics.page().decode()


def test_garbage_cannot_fill_the_topic_and_gets_the_same_answers(make_front: Any) -> None:
    front = make_front(collector_kept_bytes_per_second=1)
    answers = [front.post("/v1/track", json.dumps(BAD)).status_code for _ in range(5)]
    assert answers == [422] * 5
    kept = sum(len(copy.value) + len(copy.request) for copy in front.copies)
    assert 0 < kept <= BURST_SECONDS
    assert len(front.copies) + count_not_kept(front.metrics) == 5


def count_not_kept(metrics: Metrics) -> float:
    lines = metrics.page().decode().splitlines()
    return sum(
        float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("shop_collector_rejected_not_kept_total{")
    )


def test_nothing_is_kept_where_nothing_may_be(make_front: Any) -> None:
    front = make_front(collector_kept_bytes_per_second=0)
    front.post("/v1/track", json.dumps(BAD))
    assert front.copies == []


def test_as_time_passes_more_may_be_kept() -> None:
    now = [0.0]
    kept: list[Copy] = []
    refused = RefusedEvents(Settings(collector_kept_bytes_per_second=1), Metrics(), kept.extend, lambda: now[0])

    def keep_until_full() -> int:
        for _ in range(9):
            refused.keep({"a": "b"}, "e", "track", Arrival(NOW_MS), [Violation(Kind.INVALID_VALUE, "", "no")])
        before = len(kept)
        asyncio.run(refused.drain())
        return len(kept) - before

    first = keep_until_full()
    assert 0 < first < 9
    assert keep_until_full() == 0
    now[0] = float(BURST_SECONDS)
    assert keep_until_full() == first


def test_a_topic_that_takes_nothing_costs_no_later_copy() -> None:
    taken: list[Copy] = []
    metrics = Metrics()

    def send(copies: Sequence[Copy]) -> None:
        if not taken and len(copies) == 1 and copies[0].value == b'"first"':
            raise RuntimeError
        taken.extend(copies)

    async def run() -> None:
        refused = RefusedEvents(Settings(), metrics, send)
        task = BackgroundTask("refused events", refused.send_next, failures.append)
        task.start()
        for body in ("first", "second"):
            refused.keep(body, "e", "track", Arrival(NOW_MS), [Violation(Kind.TYPE_MISMATCH, "", "no")])
            async with asyncio.timeout(10):
                while refused.waits or count_of_both(metrics) < 1 + (body == "second"):
                    await asyncio.sleep(0.01)
        await task.close()

    failures: list[str] = []
    asyncio.run(run())
    assert failures == []  # what Kafka does not take is counted by itself
    assert [copy.value for copy in taken] == [b'"second"']
    assert 'shop_collector_rejected_not_kept_total{why="kafka"} 1.0' in metrics.page().decode()


def count_of_both(metrics: Metrics) -> float:
    return count(metrics, "rejected_kept_total") + count_not_kept(metrics)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_violation_is_a_reason(kind: Kind) -> None:
    assert isinstance(reason_of(kind), Reason)
