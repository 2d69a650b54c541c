"""What becomes of a refused event: a copy in Kafka, listed, shown and repaired by ``./shop failed``."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from connections.erased_users import REFRESH_SECONDS
from coordination.waiting import wait_until
from operations.erasure.topics import publish_erasure, remainders
from operations.failed_events import FailedEvent, failed_events
from schemas.failures import Reason, Stage
from schemas.topics import FAILED_EVENTS

pytestmark = pytest.mark.platform

SECONDS = 60.0
RULE = """\
def repair_body(body):
    return body | {"properties": {"product_id": body["messageId"]}}
"""


def refused_of(collector: Any, count: int, is_meant: Callable[[FailedEvent], bool]) -> list[FailedEvent]:
    """So many copies of events that are meant."""

    def found() -> list[FailedEvent] | None:
        copies = [each for each in failed_events(collector.settings, stage=Stage.COLLECTOR) if is_meant(each)]
        return copies if len(copies) >= count else None

    return wait_until(found, SECONDS, lambda: AssertionError("there is no copy"), poll_seconds=0.1)


def shop(collector: Any, *arguments: str) -> Any:
    return CliRunner().invoke(app, ["failed", *arguments], env=collector.settings.environment())


def test_a_refused_event_is_listed_shown_and_repaired_once(collector: Any, arrivals: Any, tmp_path: Path) -> None:
    name = f"m-{uuid.uuid4()}"
    bodies = [{"messageId": name, "userId": name, "event": "Product Viewed", "properties": {}}] * 2
    answer = collector.http.post("/v1/batch", json={"batch": bodies})
    assert answer.status_code == 422
    copies = refused_of(collector, 2, lambda each: each.key == name.encode())
    copy = copies[0]
    assert (copy.topic, copy.partition, copy.offset) == (FAILED_EVENTS, copy.failed_partition, copy.failed_offset)
    assert (copy.reason, copy.message) == (Reason.MISSING_FIELD, "product_id: view_item requires it")
    assert [json.loads(each.value or b"") for each in copies] == bodies

    listed = json.loads(shop(collector, "list", "--stage", "collector", "--format", "json").stdout)
    assert (FAILED_EVENTS, copy.partition, copy.offset) in [(e["topic"], e["partition"], e["offset"]) for e in listed]
    shown = shop(collector, "show", f"{FAILED_EVENTS}/{copy.partition}/{copy.offset}").stdout
    assert "refused by collector" in shown
    assert f'  "messageId": "{name}"' in shown

    rule = tmp_path / "rule.py"
    rule.write_text(RULE)
    chosen = ("--where", "stage=collector", "--where", f"message={copy.message}", "--with", str(rule), "--json")
    outcome = json.loads(shop(collector, "repair", *chosen).stdout)
    assert outcome["repaired"] >= 1
    assert outcome["skipped"]["a failed event of the same id is repaired"] >= 1
    [record] = [each for each in arrivals.read() if each.event["event_id"] == name]
    assert (record.topic, record.key) == ("product-events", name)
    assert (record.event["event_type"], record.event["product_id"]) == ("view_item", name)


def test_an_erased_user_leaves_neither_key_nor_bytes_and_one_to_be_erased_is_found(collector: Any) -> None:
    gone, here = f"gone-{uuid.uuid4()}", f"here-{uuid.uuid4()}"
    publish_erasure(collector.settings, gone, datetime.now(UTC))
    time.sleep(REFRESH_SECONDS)  # the collector may have looked just before
    for user in (gone, here):
        collector.http.post("/v1/track", json={"userId": user, "event": "Product Viewed"})
    erased = refused_of(collector, 1, lambda each: each.reason is Reason.ERASED_USER)
    assert {(each.key, each.value) for each in erased} == {(None, None)}
    refused_of(collector, 1, lambda each: each.key == here.encode())
    assert all(gone.encode() not in (each.value or b"") for each in failed_events(collector.settings))
    assert [(each.topic, each.records) for each in remainders(collector.settings, {here})] == [(FAILED_EVENTS, 1)]


def test_what_is_refused_just_before_the_end_is_kept(make: Any) -> None:
    name = f"late-{uuid.uuid4()}"
    collector = make()
    collector.http.post("/v1/track", json={"userId": name, "event": "Product Viewed"})
    assert collector.terminate() == 0
    refused_of(collector, 1, lambda each: each.key == name.encode())
