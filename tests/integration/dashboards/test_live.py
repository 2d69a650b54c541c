"""Live changes, from Kafka to a page, by the service that the platform runs."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from coordination.waiting import wait_until
from schemas.settings import Settings
from tests.support.search_changes import RESULT, Changes

pytestmark = pytest.mark.platform

DAY = date(2026, 6, 9)
CHANGES = 100
SECONDS = 30.0


@pytest.fixture
def changes(platform: Any) -> Iterator[Changes]:
    published = Changes(platform.settings, DAY)
    yield published
    published.publish(None)


@contextmanager
def events(settings: Settings) -> Iterator[Iterator[tuple[str, Any]]]:
    """What a page is sent: names of events and their data."""
    url = f"http://127.0.0.1:{settings.port('dashboard')}/api/live"

    def parsed(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
        event = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield event, json.loads(line.removeprefix("data: "))

    with httpx.stream("GET", url, timeout=httpx.Timeout(SECONDS)) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield parsed(answer)


def searches_of(event: str, data: Any) -> list[int | None]:
    """The searches of the day that a message tells."""
    if event == "seed":
        return [row["searches"] for row in data["tables"][RESULT.name] if row["day"] == str(DAY)]
    if event == "change":
        rows = [each["row"] for each in data["changes"] if each["table"] == RESULT.name and each["key"] == [str(DAY)]]
        return [row and row["searches"] for row in rows]
    return []


def test_a_change_is_on_the_page_within_a_second(platform: Any, changes: Changes, capsys: Any) -> None:
    published: dict[int, float] = {}
    seconds: list[float] = []
    with events(platform.settings) as messages:
        assert next(messages)[0] == "seed"
        last = 0
        for number in range(1, CHANGES + 1):
            published[number] = time.monotonic()
            changes.publish(number)
            while last < number:
                event, data = next(messages)
                assert event == "change"
                for searches in searches_of(event, data):
                    assert searches is not None
                    assert searches > last, "a figure went back"
                    seconds.append(time.monotonic() - published[searches])
                    last = searches
    p99 = sorted(seconds)[int(0.99 * len(seconds)) - 1]
    with capsys.disabled():
        median = sorted(seconds)[len(seconds) // 2]
        sys.stdout.write(f"\nchange to page, {len(seconds)} changes: p50 {median:.3f} s, p99 {p99:.3f} s\n")
    assert p99 < 1.0


def test_a_seed_and_the_changes_after_it_have_each_change_once(platform: Any, changes: Changes) -> None:
    stopping = threading.Event()

    def publish() -> None:
        number = 0
        while not stopping.is_set():
            number += 1
            changes.publish(number)

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        for _ in range(5):
            with events(platform.settings) as messages:
                event, seed = next(messages)
                assert event == "seed"
                known, sequence = searches_of(event, seed), seed["seq"]
                for _ in range(5):
                    event, data = next(messages)
                    assert (event, data["seq"]) == ("change", sequence + 1)
                    sequence += 1
                    known += searches_of(event, data)
                assert known == sorted(set(known), key=lambda each: each or 0)
    finally:
        stopping.set()
        publisher.join(SECONDS)


def test_a_row_that_is_removed_leaves_the_page(platform: Any, changes: Changes) -> None:
    changes.publish(1)
    with events(platform.settings) as messages:
        known: list[int | None] = []
        while not known:
            known += searches_of(*next(messages))
        changes.publish(None)
        while known[-1] is not None:
            known += searches_of(*next(messages))
    with events(platform.settings) as messages:
        assert searches_of(*next(messages)) == []


def test_a_websocket_carries_the_same(platform: Any, changes: Changes) -> None:
    address = f"127.0.0.1:{platform.settings.port('dashboard')}"
    with connect(f"ws://{address}/ws/analytics", open_timeout=SECONDS) as page:
        seed = json.loads(page.recv(SECONDS))
        assert (seed["event"], seed["data"]["window"]) == ("seed", {"minutes": 60, "days": 2})
        changes.publish(77)
        known: list[int | None] = []
        while 77 not in known:
            message = json.loads(page.recv(SECONDS))
            known += searches_of(message["event"], message.get("data"))


def test_clickhouse_follows_and_the_answer_says_where_it_is(platform: Any, changes: Changes) -> None:
    url = f"http://127.0.0.1:{platform.settings.port('dashboard')}/api/query/{RESULT.name}?from={DAY}&to={DAY}"

    def answer() -> dict[str, Any]:
        content: dict[str, Any] = httpx.get(url, timeout=SECONDS).json()
        return content

    before = answer()
    changes.publish(5)
    after = wait_until(
        lambda: content if (content := answer())["rows"] and content["rows"][0][1] == 5 else None,
        SECONDS,
        lambda: AssertionError("ClickHouse never has the change"),
        poll_seconds=0.2,
    )
    partition = f"{RESULT.topic}-0"

    def is_read() -> bool:
        return bool(answer()["offsets"][partition] > before["offsets"].get(partition, 0))

    wait_until(is_read, SECONDS, lambda: AssertionError("the offset stays"), poll_seconds=0.2)
    assert after["columns"][0] == {"name": "day", "type": "Date", "unit": "day", "doc": "Day in the shop's time zone."}
    assert after["updated_at"] > "2026"
