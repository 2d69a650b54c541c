"""The publisher and the importer against a real broker and a real registry."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from confluent_kafka import Message
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from typer.testing import CliRunner

from cli.main import app
from connections.errors import DeliveryError, DependencyUnavailable, RegistryUnavailable
from connections.kafka import CommittedRecords
from connections.registry import SchemaRegistry
from jobs.ingest.decoder import EventDecoder
from local.ports import free_base
from producers.importers import import_events, open_importer
from producers.publisher import Publisher
from schemas.errors import ContractError, InvalidEvent
from schemas.event_types import EVENT_TYPES
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, HEADER_RECEIVED_AT

pytestmark = pytest.mark.platform

Event = dict[str, Any]
NOW_MS = 1_767_225_600_000
NOISE = random.Random(7)
LONG_REVIEW = "".join(chr(NOISE.randrange(0x4E00, 0x9FFF)) for _ in range(5_000))
"""15 kB that compression hardly shortens."""


def view(number: int, **changes: Any) -> Event:
    event = {
        "event_id": f"e-{number}",
        "event_type": "view_item",
        "event_time": NOW_MS + number,
        "user_id": f"u-{number % 7}",
        "source": "test",
        "product_id": f"p-{number}",
    }
    return event | changes


def records(settings: Settings, topic: str) -> list[Message]:
    with CommittedRecords(settings) as reader:
        return [
            message
            for partition in reader.partitions(topic)
            for message in reader.read(topic, partition, *reader.bounds(topic, partition))
        ]


@pytest.fixture
def decode(kafka: Settings) -> Iterator[Callable[[Message], Event]]:
    registry = SchemaRegistry(kafka.registry_url)
    decoder = EventDecoder(registry)

    def decoded(message: Message) -> Event:
        event = decoder.decode(message.value())
        assert isinstance(event, dict), event
        return event

    yield decoded
    registry.close()


def test_an_event_arrives_as_it_was_given_keyed_by_its_user(
    kafka: Settings, decode: Callable[[Message], Event]
) -> None:
    event = view(1, price=Decimal("0.001"), category="Bags > Jumbo", properties={"a": "ü"})
    before_ms = int(time.time() * 1000)
    with Publisher(kafka) as publisher:
        publisher.publish(event)
    (record,) = records(kafka, "product-events")
    assert record.key() == b"u-1"
    assert record.headers() is None
    assert record.timestamp()[1] >= before_ms
    arrived = decode(record)
    assert {name: arrived[name] for name in event} == event
    assert {value for name, value in arrived.items() if name not in event and name != "items"} == {None}


def test_an_event_without_a_user_is_keyed_by_its_product(kafka: Settings) -> None:
    with Publisher(kafka) as publisher:
        publisher.publish(view(1, event_type="stock_changed", user_id="", quantity=-3))
    (record,) = records(kafka, "inventory-events")
    assert record.key() == b"p-1"


def test_history_carries_when_it_was_received_while_the_record_is_of_today(kafka: Settings) -> None:
    before_ms = int(time.time() * 1000)
    with Publisher(kafka) as publisher:
        publisher.publish(view(1), received_at_ms=1_291_192_000_000)
    (record,) = records(kafka, "product-events")
    assert record.headers() == [(HEADER_RECEIVED_AT, b"1291192000000")]
    assert record.timestamp()[1] >= before_ms


def test_a_foreign_name_becomes_the_canonical_one(kafka: Settings, decode: Callable[[Message], Event]) -> None:
    event = view(1, event_type="Product Viewed")
    with Publisher(kafka) as publisher:
        publisher.publish(event)
    (record,) = records(kafka, "product-events")
    assert decode(record)["event_type"] == "view_item"
    assert event["event_type"] == "Product Viewed"


def test_every_type_goes_to_its_own_topic(kafka: Settings, decode: Callable[[Message], Event]) -> None:
    whole: Event = {
        "product_title": "Bag",
        "quantity": 1,
        "search_query": "bag",
        "order_id": "o-1",
        "payment_id": "y-1",
        "currency": "GBP",
        "value": Decimal(1),
        "items": [{"product_id": "p-1", "quantity": 1, "price": Decimal(1)}],
        "reason": "declined",
        "rating": 5,
        "recommendation_id": "r-1",
    }
    with Publisher(kafka) as publisher:
        for number, name in enumerate(EVENT_TYPES):
            publisher.publish(view(number, event_type=name, **whole))
    arrived = {decode(record)["event_type"]: topic for topic in DOMAIN_TOPICS for record in records(kafka, topic)}
    assert arrived == {kind.name: kind.topic for kind in EVENT_TYPES.values()}


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        (view(1, event_type="wiew_item"), "'wiew_item' is neither a type nor an alias of one"),
        (view(1, product_id=None), "product_id: view_item requires it"),
        ({"event_id": "e-1"}, "event_type: None is neither a type nor an alias of one"),
    ],
)
def test_an_invalid_event_is_the_callers_and_nothing_is_sent(kafka: Settings, event: Event, problem: str) -> None:
    with Publisher(kafka) as publisher, pytest.raises(InvalidEvent, match=problem):
        publisher.publish(event)
    assert [record for topic in DOMAIN_TOPICS for record in records(kafka, topic)] == []


def test_a_full_queue_makes_the_caller_wait_and_loses_nothing(kafka: Settings) -> None:
    with Publisher(kafka, {"queue.buffering.max.messages": 10}) as publisher:
        for number in range(1_000):
            publisher.publish(view(number))
    assert len(records(kafka, "product-events")) == 1_000


def test_the_events_of_a_user_stay_in_their_order_in_one_partition(
    kafka: Settings, decode: Callable[[Message], Event]
) -> None:
    with Publisher(kafka) as publisher:
        for number in range(200):
            publisher.publish(view(number))
    partitions: dict[bytes | None, set[int | None]] = defaultdict(set)
    times: dict[bytes | None, list[int]] = defaultdict(list)
    for record in records(kafka, "product-events"):
        partitions[record.key()].add(record.partition())
        times[record.key()].append(decode(record)["event_time"])
    assert all(len(of_key) == 1 for of_key in partitions.values())
    assert len({partition for of_key in partitions.values() for partition in of_key}) == 2
    assert all(of_partition == sorted(of_partition) for of_partition in times.values())


def refuse_large_records(admin: AdminClient, topic: str) -> None:
    entry = ConfigEntry("max.message.bytes", "5000", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    for future in admin.incremental_alter_configs([resource], request_timeout=10).values():
        future.result()


def test_each_event_that_kafka_refuses_is_raised_with_topic_id_and_reason(kafka: Settings, admin: AdminClient) -> None:
    refuse_large_records(admin, "review-events")
    publisher = Publisher(kafka)
    for number in range(2):
        publisher.publish(view(number, event_type="review_posted", rating=5, review_text=LONG_REVIEW))
    refused = []
    for _ in range(2):
        with pytest.raises(DeliveryError) as error:
            publisher.flush()
        refused.append(error.value)
    publisher.flush()
    assert sorted((error.topic, error.event_id) for error in refused) == [
        ("review-events", "e-0"),
        ("review-events", "e-1"),
    ]
    assert all("MSG_SIZE_TOO_LARGE" in error.reason for error in refused)
    assert records(kafka, "review-events") == []


def test_a_refused_event_is_raised_when_the_block_is_left(kafka: Settings, admin: AdminClient) -> None:
    refuse_large_records(admin, "review-events")
    with pytest.raises(DeliveryError, match="'e-1' for review-events"), Publisher(kafka) as publisher:
        publisher.publish(view(1, event_type="review_posted", rating=5, review_text=LONG_REVIEW))


def test_an_event_larger_than_any_record_is_refused_at_once(kafka: Settings) -> None:
    with Publisher(kafka) as publisher, pytest.raises(DeliveryError, match=r"'e-1' for product-events: .*TOO_LARGE"):
        publisher.publish(view(1, product_description="x" * 2_000_000))


@pytest.fixture
def nowhere() -> int:
    return free_base(random.Random(), (0,))


def test_what_no_broker_acknowledges_is_not_passed_over_in_silence(kafka: Settings, nowhere: int) -> None:
    publisher = Publisher(kafka.model_copy(update={"kafka_bootstrap_servers": f"127.0.0.1:{nowhere}"}))
    publisher.publish(view(1))
    publisher.publish(view(2))
    with pytest.raises(DependencyUnavailable, match=r"2 events are not acknowledged after 0\.2 s"):
        publisher.flush(0.2)


def test_a_registry_that_does_not_answer_is_named(kafka: Settings, nowhere: int) -> None:
    with pytest.raises(RegistryUnavailable, match=f"127.0.0.1:{nowhere}"):
        Publisher(kafka.model_copy(update={"registry_url": f"http://127.0.0.1:{nowhere}"}))


def test_a_registry_without_our_schema_is_told_apart(kafka: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SchemaRegistry, "latest", lambda _self, _subject: None)
    with pytest.raises(ContractError, match=r"no schema of user-events-value.*\./shop migrate"):
        Publisher(kafka)


def test_the_whole_of_online_retail_is_imported(kafka: Settings) -> None:
    seen: list[int] = []
    with Publisher(kafka) as publisher:
        summary = import_events(open_importer("online-retail"), publisher, seen.append)
    assert summary.events_by_type == {
        "purchase": 19_960,
        "refund": 3_838,
        "stock_changed": 2_515,
        "product_created": 3_922,
    }
    assert seen == sorted(seen)
    assert seen[-1] == summary.events == 30_235
    assert len(records(kafka, "order-events")) == 23_798
    assert len(records(kafka, "inventory-events")) == 2_515


def test_the_command_imports_and_says_what(kafka: Settings) -> None:
    answer = CliRunner().invoke(app, ["import", "online-retail"], env=kafka.environment())
    assert answer.exit_code == 0
    assert answer.stdout == ""
    assert "19,960 purchase\n" in answer.stderr
    assert "30,235 events, acknowledged by Kafka after" in answer.stderr
