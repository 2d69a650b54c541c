"""What the service reports as shown is in Kafka, after the answer and as the answer said it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import fastavro
import pytest
from confluent_kafka import Consumer, TopicPartition

from coordination.waiting import wait_until
from schemas import redis_keys
from schemas.codec import HEADER_BYTES, load_schema
from schemas.event_types import RECOMMENDATION_EVENTS
from tests.support.serving import Service, Shelf, eventually, ids, service_of

pytestmark = pytest.mark.platform

SCHEMA = fastavro.parse_schema(load_schema("shop_event"))
USER = "a user of the reporting test"


@pytest.fixture(scope="module")
def service(platform: Any) -> Iterator[Service]:
    import redis

    shelf = Shelf(redis.Redis.from_url(platform.settings.redis_url))
    shelf.activate("reporting")
    shelf.personal(USER, ["a", "b", "c"], "reporting")
    addresses = {name: getattr(platform.settings, name) for name in ("kafka_bootstrap_servers", "registry_url")}
    with service_of(platform.settings.redis_url, serving_reports_shown=True, **addresses).running() as running:
        yield running
    shelf.redis.delete(redis_keys.ACTIVE_MODEL, redis_keys.LIVE_MODELS, redis_keys.personalized("reporting", USER))
    shelf.redis.close()


def test_what_was_shown_is_reported_once_on_every_path(service: Service, platform: Any) -> None:
    hot = service.recommend(USER, n=2)
    explained = service.recommend(USER, n=3, explain=True, scenario="basket")
    service.recommend("somebody else", n=1, exclude="a")
    eventually(lambda: service.metric("shown_reported_total") == 2, 60)
    events = {event["recommendation_id"]: event for event in reported(platform.settings, 2)}
    assert events.keys() == {hot["recommendation_id"], explained["recommendation_id"]}
    for answer, scenario in ((hot, None), (explained, "basket")):
        event = events[answer["recommendation_id"]]
        assert event["event_id"] == f"{answer['recommendation_id']}-shown"
        assert [item["product_id"] for item in event["items"]] == ids(answer)
        fields = ("recommendation_source", "model_version", "experiment_arm", "list_id")
        assert {name: event[name] for name in fields} == {
            "recommendation_source": "personal",
            "model_version": "reporting",
            "experiment_arm": None,
            "list_id": scenario,
        }


def reported(settings: Any, events: int) -> list[dict[str, Any]]:
    """The events of USER, once there are that many."""
    consumer = Consumer({"bootstrap.servers": settings.kafka_bootstrap_servers, "group.id": "test-reporting"})
    partitions = consumer.list_topics(RECOMMENDATION_EVENTS, timeout=30).topics[RECOMMENDATION_EVENTS].partitions
    consumer.assign([TopicPartition(RECOMMENDATION_EVENTS, number, 0) for number in partitions])
    of_the_user: list[dict[str, Any]] = []

    def are_all_read() -> bool:
        for message in consumer.consume(100, timeout=0.2):
            value = message.value()
            assert isinstance(value, bytes)
            event = fastavro.schemaless_reader(io.BytesIO(value[HEADER_BYTES:]), SCHEMA, None)
            assert isinstance(event, dict)
            of_the_user.extend([event] if event["user_id"] == USER else [])
        return len(of_the_user) >= events

    wait_until(are_all_read, 60, lambda: AssertionError(f"{len(of_the_user)} of {events} events"), poll_seconds=0)
    consumer.close()
    return of_the_user
