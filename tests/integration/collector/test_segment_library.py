"""Segment's own Python library, as a shop's service would use it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from segment.analytics.client import Client


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.parametrize("sync_mode", [False, True])
def test_what_it_sends_arrives(make: Any, arrivals: Any, gzip: bool, sync_mode: bool) -> None:
    closed = make(collector_write_keys="secret")
    problems: list[Exception] = []
    user = str(uuid.uuid4())
    client = Client(
        "secret", host=closed.url, gzip=gzip, sync_mode=sync_mode, on_error=lambda error, _batch: problems.append(error)
    )
    product = {"product_id": "p-1", "name": "Uno", "price": 3.5, "quantity": 2, "currency": "EUR"}
    client.identify(user, {"email": "ada@example.com"}, anonymous_id="a-1")
    client.page(user, "Docs", "Home", {"url": "https://shop.example/"})
    client.screen(user, "Main", "Cart")
    client.group(user, "g-1", {"name": "Guild"})
    client.alias("a-1", user)
    client.track(user, "Product Added", product, timestamp=datetime.now(UTC))
    if not sync_mode:
        client.shutdown()
    assert problems == []
    mine = [record.event for record in arrivals.read() if record.event["user_id"] == user]
    assert sorted(event["event_type"] for event in mine) == [
        "add_to_cart",
        "page_view",
        "page_view",
        "user_identified",
        "user_identified",
        "user_identified",
    ]
    assert {event["source"] for event in mine} == {"analytics-python"}
    (added,) = [event for event in mine if event["event_type"] == "add_to_cart"]
    assert (added["product_title"], str(added["price"]), added["quantity"]) == ("Uno", "3.5000", 2)
