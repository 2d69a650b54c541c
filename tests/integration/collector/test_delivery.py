"""Acknowledged only when Kafka has it: under kill -9, without Kafka, at the end."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
import uuid
from decimal import Decimal
from typing import Any

import httpx
import psutil
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from coordination.waiting import wait_until
from producers.publisher import producer_options
from schemas.settings import Settings

SECONDS = 60.0


def page_view(event_id: str, user: str = "u") -> dict[str, str]:
    return {"messageId": event_id, "event": "page_view", "userId": user}


def test_what_is_accepted_is_in_kafka_as_it_was_sent(collector: Any, arrivals: Any) -> None:
    event_id = str(uuid.uuid4())
    properties = {
        "order_id": "o-1",
        "currency": "gbp",
        "revenue": 10.001,
        "products": [{"sku": "p", "price": "10.001"}],
    }
    body = {"messageId": event_id, "event": "Order Completed", "userId": "ada", "properties": properties}
    assert collector.http.post("/v1/track", json=body).json()["accepted"] == [event_id]
    (record,) = [each for each in arrivals.read() if each.event["event_id"] == event_id]
    assert (record.topic, record.key) == ("order-events", "ada")
    assert record.event["value"] == Decimal("10.001")
    assert record.event["currency"] == "GBP"
    assert record.event["items"] == [{"product_id": "p", "quantity": 1, "price": Decimal("10.001"), "category": None}]


def test_a_users_events_go_to_the_partition_to_which_the_publisher_sends_them(collector: Any, arrivals: Any) -> None:
    users = [f"user-{n}" for n in range(40)]
    batch = [page_view(f"{uuid.uuid4()}", user) for user in users]
    assert collector.http.post("/v1/batch", json={"batch": batch}).status_code == 202
    records = [record for record in arrivals.read() if record.key in users]
    went = {record.key: record.partition for record in records}
    expected: dict[str, int] = {}
    producer = Producer({**producer_options(collector.settings), "delivery.report.only.error": False})
    topic = topic_with_as_many_partitions(collector.settings, records[0].topic)
    for user in users:
        producer.produce(topic, b"", user, on_delivery=lambda _e, m: expected.update({m.key().decode(): m.partition()}))
    assert producer.flush(30) == 0
    assert went == expected


def topic_with_as_many_partitions(settings: Settings, topic: str) -> str:
    """A new topic, which nobody reads."""
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    partitions = len(admin.list_topics(topic, timeout=SECONDS).topics[topic].partitions)
    name = f"keys-{uuid.uuid4()}"
    admin.create_topics([NewTopic(name, partitions, 1)], request_timeout=SECONDS)[name].result(SECONDS)
    return name


def test_every_202_is_in_kafka_though_the_collector_is_killed_again_and_again(make: Any, arrivals: Any) -> None:
    collector = make()
    chance = random.Random(4)
    accepted: list[str] = []
    ended = threading.Event()

    def send(worker: int) -> None:
        number = 0
        with httpx.Client(base_url=collector.url, timeout=10, trust_env=False) as http:
            while not ended.is_set():
                number += 1
                batch = [page_view(f"{worker}-{number}-{n}-{collector.url}", f"u{n}") for n in range(20)]
                try:
                    answer = http.post("/v1/batch", json={"batch": batch})
                except httpx.TransportError:
                    time.sleep(0.02)
                    continue
                if answer.status_code == 202:
                    accepted.extend(answer.json()["accepted"])

    def wait_until_accepted(events: int) -> None:
        def are_accepted() -> bool:
            assert any(worker.is_alive() for worker in workers)
            return len(accepted) >= events

        wait_until(are_accepted, SECONDS, lambda: AssertionError(f"{len(accepted)} accepted"), poll_seconds=0.001)

    workers = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    try:
        for _ in range(5):
            wait_until_accepted(len(accepted) + chance.randrange(20, 1000))
            collector.kill()
            collector.start()
            collector.wait()
    finally:
        ended.set()
        for worker in workers:
            worker.join()
    assert set(accepted) <= set(arrivals.ids())


def test_without_kafka_it_says_when_to_come_back_and_does_not_wait_for_long(make: Any) -> None:
    away = make(kafka_bootstrap_servers="127.0.0.1:1", collector_acknowledge_ms=500)
    began = time.monotonic()
    answer = away.http.post("/v1/track", json=page_view("x"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert time.monotonic() - began < 10
    assert away.http.get("/health/ready").status_code == 503
    assert away.http.get("/health/live").status_code == 200


def test_a_full_queue_refuses_at_once_and_keeps_what_waits(make: Any) -> None:
    away = make(kafka_bootstrap_servers="127.0.0.1:1", collector_acknowledge_ms=4000, collector_queue_events=10)
    answers: list[int] = []
    waiting = threading.Thread(
        target=lambda: answers.append(
            httpx.post(f"{away.url}/v1/batch", json={"batch": [page_view("x")] * 8}, timeout=30).status_code
        )
    )
    waiting.start()
    wait_until_waiting(away, 8, waiting)
    answer = away.http.post("/v1/batch", json={"batch": [page_view("y")] * 8})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "Too many events" in answer.json()["detail"]
    assert waiting.is_alive()
    waiting.join()
    assert answers == [503]


def wait_until_waiting(collector: Any, records: int, sender: threading.Thread) -> None:
    def are_waiting() -> bool:
        assert sender.is_alive()
        return bool(collector.metric("waiting_records") == records)

    wait_until(are_waiting, SECONDS, lambda: AssertionError(f"never {records} waiting records"), poll_seconds=0)


def test_what_it_took_is_answered_before_it_ends(make: Any) -> None:
    ending = make(kafka_bootstrap_servers="127.0.0.1:1", collector_acknowledge_ms=3000)
    answers: list[int] = []
    waiting = threading.Thread(
        target=lambda: answers.append(httpx.post(f"{ending.url}/v1/track", json=page_view("x"), timeout=30).status_code)
    )
    waiting.start()
    wait_until_waiting(ending, 1, waiting)
    ending.http.close()
    assert ending.terminate() == 0
    waiting.join()
    assert answers == [503]


def test_it_waits_for_the_registry(make: Any) -> None:
    early = make(wait=False, registry_url="http://127.0.0.1:1")

    def answer_of_the_collector() -> list[httpx.Response]:
        try:
            return [early.http.post("/v1/track", json=page_view("x"))]
        except httpx.ConnectError:
            return []

    (answer,) = wait_until(answer_of_the_collector, SECONDS, lambda: AssertionError("it does not listen"))
    assert answer.status_code == 503
    assert "registry" in answer.json()["detail"]
    assert early.http.get("/health/live").status_code == 200
    assert early.terminate() == 0


def test_its_port_taken_is_said_and_ends_it(make: Any) -> None:
    first = make()
    with socket.create_server(("127.0.0.1", 0)):
        second = type(first)(first.settings, first.log.with_name("second"))
        second.start()
        assert second.process.wait(30) == 4
    assert f"Port {first.settings.port('collector')}" in second.log.read_text()
    second.close()


def test_it_stays_below_a_hundred_megabytes(make: Any) -> None:
    small = make()
    body = json.dumps({"batch": [{**page_view(f"{n}"), "properties": {"x": "y" * 300}} for n in range(500)]})
    for _ in range(40):
        assert small.http.post("/v1/batch", content=body).status_code == 202
    assert psutil.Process(small.process.pid).memory_info().rss < 100e6
