"""Demand and products into the topic of lists; the topics are those of a real Kafka."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from connections.kafka import CommittedRecords, group_offsets
from schemas.offsets import Partition
from schemas.results import PRODUCT_DEMAND, PRODUCTS, RECOMMENDATION_LISTS, Result
from sinks.core.framing import FramedDecoder, with_plain_times
from sinks.core.reader import TopicReader
from sinks.lists.description import RANKED_LISTS
from sinks.lists.ranker import Ranker
from sinks.lists.topic import ListsTopic
from tests.integration.sinks.shop import Shop

pytestmark = pytest.mark.platform

HOUR = 493_000
SEEN = datetime(2026, 1, 1, tzinfo=UTC)


def publish(shop: Shop, result: Result, *rows: dict[str, Any]) -> None:
    """Rows as the job would write them; one with nothing but its key is a tombstone."""
    keys, values = shop.key_encoder(result.name), shop.encoder(result.topic, result.name)
    with shop.producer() as producer:
        for row in rows:
            value = None if row.keys() == set(result.key) else values.encode(row)
            key = keys.encode({name: row[name] for name in result.key})
            producer.produce(shop.topic(result.topic), value, key)


def product(product_id: str, category: str | None) -> dict[str, Any]:
    return {"product_id": product_id, "category": category, "available": True, "first_seen": SEEN}


def demand(product_id: str, hour: int, interest: int, orders: int) -> dict[str, Any]:
    return {"product_id": product_id, "hour": hour, "interest": interest, "orders": orders}


@contextmanager
def running(shop: Shop) -> Iterator[None]:
    """The sink on the test's topics; it must not have failed."""
    stopping = threading.Event()
    topics = {shop.topic(each.topic): each.topic for each in (PRODUCT_DEMAND, PRODUCTS)}
    with closing(TopicReader(shop.settings, tuple(topics), group(shop))) as source:
        target = ListsTopic(shop.settings, shop.registry, shop.topic(RECOMMENDATION_LISTS.topic))
        decoder = FramedDecoder(shop.registry, with_plain_times)
        ranker = Ranker(source, target, decoder, stopping, topics)
        thread = threading.Thread(target=ranker.run)
        thread.start()
        try:
            yield
            assert thread.is_alive()
        finally:
            stopping.set()
            thread.join(60)


def group(shop: Shop) -> str:
    return f"lists-{shop.suffix}"


def records(shop: Shop, topic: str) -> list[Any]:
    with CommittedRecords(shop.settings) as reader:
        name = shop.topic(topic)
        return [m for p in reader.partitions(name) for m in reader.read(name, p, *reader.bounds(name, p))]


def lists(shop: Shop) -> dict[tuple[str, str, str], list[str]]:
    """What the topic holds at last."""
    decoder = FramedDecoder(shop.registry)
    held: dict[tuple[str, str, str], list[str]] = {}
    for message in records(shop, RECOMMENDATION_LISTS.topic):
        key = decoder.decode(message.key())
        name = (key["kind"], key["span"], key["category"])
        held.pop(name, None)
        if message.value() is not None:
            held[name] = [item["product_id"] for item in decoder.decode(message.value())["items"]]
    return held


def has_committed_all(shop: Shop) -> bool:
    """Whether the group stands behind every record of both topics: what the lag is measured by."""
    topics = [shop.topic(each.topic) for each in (PRODUCT_DEMAND, PRODUCTS)]
    committed = group_offsets(shop.settings, group(shop), topics)
    with CommittedRecords(shop.settings) as reader:
        ends = {Partition(t, p): reader.bounds(t, p)[1] for t in topics for p in reader.partitions(t)}
    return committed == {partition: end for partition, end in ends.items() if end}


@pytest.mark.parametrize("topics", [(*RANKED_LISTS.topics, RECOMMENDATION_LISTS.topic)], ids=["of lists"])
def test_lists_follow_the_topics_and_a_new_start_writes_what_has_changed_alone(shop: Shop) -> None:
    publish(shop, PRODUCTS, product("a", "Home > Tea"), product("b", "Home"), product("c", None))
    publish(shop, PRODUCT_DEMAND, demand("a", HOUR, 10, 1), demand("b", HOUR, 30, 3), demand("", HOUR, 0, 0))
    with running(shop):
        shop.wait_until(lambda: has_committed_all(shop))
        assert lists(shop)["popular", "30d", ""] == ["b", "a"]
        assert lists(shop)["trending", "", "Home"] == ["b", "a"]
        assert lists(shop)["popular", "", "Home > Tea"] == ["a"]
        publish(shop, PRODUCT_DEMAND, demand("a", HOUR, 40, 4), demand("", HOUR + 1, 0, 0))
        shop.wait_until(lambda: lists(shop)["popular", "30d", ""] == ["a", "b"])
        shop.wait_until(lambda: has_committed_all(shop))
    held, written = lists(shop), len(records(shop, RECOMMENDATION_LISTS.topic))

    publish(shop, PRODUCT_DEMAND, demand("a", HOUR, 40, 4))
    with running(shop):
        shop.wait_until(lambda: has_committed_all(shop))
    assert (lists(shop), len(records(shop, RECOMMENDATION_LISTS.topic))) == (held, written)

    publish(shop, PRODUCTS, {"product_id": "a"}, product("c", "Garden"))
    publish(shop, PRODUCT_DEMAND, {"product_id": "b", "hour": HOUR}, demand("c", HOUR, 1, 0))
    with running(shop):
        shop.wait_until(lambda: has_committed_all(shop))
    assert lists(shop) == {
        ("trending", "", ""): ["c"],
        ("trending", "", "Garden"): ["c"],
        ("newest", "", ""): ["b", "c"],
        ("newest", "", "Home"): ["b"],
        ("newest", "", "Garden"): ["c"],
    }
