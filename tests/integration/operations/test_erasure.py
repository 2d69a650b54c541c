"""Whose devices an erasure takes with it, and from which it signs the person out."""

from __future__ import annotations

import uuid
from contextlib import closing
from datetime import UTC, datetime

import pytest

from connections.clickhouse import connected
from connections.kafka import CommittedRecords
from connections.registry import SchemaRegistry
from operations.erasure.topics import sign_out
from operations.migrate import migrate_tables
from operations.personal.clickhouse import Visitors, visitors_of
from schemas.event_types import USER_EVENTS
from schemas.settings import Settings
from sinks.core.framing import FramedDecoder

pytestmark = pytest.mark.platform

HISTORY = (
    ("view_item", "phone", "phone"),
    ("user_login", "phone", "ada"),
    ("user_login", "tablet", "ada"),
    ("user_login", "tablet", "bob"),
    ("user_login", "laptop", "bob"),
    ("purchase", "laptop", "ada"),
    ("view_item", "laptop", "laptop"),
    ("user_login", "kiosk", "bob"),
    ("user_login", "kiosk", "ada"),
    ("user_logout", "kiosk", "ada"),
    ("user_login", "elsewhere", "bob"),
)
"""Type, anonymous_id and user_id of events, one a second."""


def test_a_device_is_the_persons_alone_or_shared_and_then_whose_it_is_now(settings: Settings) -> None:
    migrate_tables(settings, wait_seconds=30)
    rows = [
        (f"e{second}", kind, datetime(2026, 3, 1, 10, 0, second, tzinfo=UTC), user, "web", visitor)
        for second, (kind, visitor, user) in enumerate(HISTORY)
    ]
    columns = ("event_id", "event_type", "event_time", "user_id", "source", "anonymous_id")
    with connected(settings, settings.clickhouse_database) as client:
        client.insert("events", rows, column_names=columns, settings={"insert_deduplication_token": "events-0-0-0"})
        assert visitors_of(client, "ada") == Visitors(
            alone=("phone",), shared=("kiosk", "laptop", "tablet"), signed_in=("laptop",)
        )
        assert visitors_of(client, "nobody") == Visitors((), (), ())


def test_a_sign_out_is_an_event_of_the_visitor_and_names_nobody_else(settings: Settings) -> None:
    visitor = f"laptop-{uuid.uuid4().hex[:10]}"
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    sign_out(settings, [visitor], now)
    with CommittedRecords(settings) as records, closing(SchemaRegistry.of(settings)) as registry:
        decoder = FramedDecoder(registry)
        events = [
            decoder.decode(message.value() or b"")
            for partition in records.partitions(USER_EVENTS)
            for message in records.read(USER_EVENTS, partition, *records.bounds(USER_EVENTS, partition))
            if message.key() == visitor.encode()
        ]
    assert [
        (event["event_type"], event["event_time"], event["user_id"], event["anonymous_id"], event["source"])
        for event in events
    ] == [("user_logout", now, visitor, visitor, "erasure")]
