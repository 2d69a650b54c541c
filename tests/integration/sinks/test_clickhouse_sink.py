from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from connections.errors import BatchRefused, DependencyUnavailable, RecordsDeleted
from local.commands import environment_of
from schemas.codec import load_schema
from schemas.errors import ConfigurationError
from schemas.offsets import OffsetRange, Partition
from schemas.topics import EVENTS
from sinks.clickhouse.store import TABLES, ClickHouseStore
from sinks.core.batches import Batch
from tests.integration.sinks.shop import Shop

pytestmark = pytest.mark.platform

ROOT = Path(__file__).resolve().parents[3]
SALES_DAILY = "metrics-sales-daily"
FIRST_DAY = date(2026, 1, 1)

of_sales = pytest.mark.parametrize("topics", [(SALES_DAILY,)], ids=["sales"])


class Crash(Exception):
    """The process ends here."""


class Unreliable:
    """A real store that breaks before or after the inserts with the given numbers."""

    def __init__(self, store: ClickHouseStore, before: dict[int, Exception], after: dict[int, Exception]) -> None:
        self._store = store
        self._before = before
        self._after = after
        self.calls = 0

    def insert(self, batch: Batch) -> None:
        number, self.calls = self.calls, self.calls + 1
        if number in self._before:
            raise self._before[number]
        self._store.insert(batch)
        if number in self._after:
            raise self._after[number]


def lost_answer() -> DependencyUnavailable:
    return DependencyUnavailable("ClickHouse", "here", "time-out")


def event(number: int) -> dict[str, Any]:
    """Every third event has no lines, the others up to eleven; over seven months."""
    items = [
        {
            "product_id": f"p{number % 50}",
            "quantity": line + 1,
            "price": Decimal(number % 997 + line) / 1000,
            "category": "toys" if line % 2 else None,
        }
        for line in range(number % 3 and number % 12)
    ]
    return {
        "event_id": f"event-{number}",
        "event_type": "purchase" if items else "page_view",
        "event_time": datetime(2026, 1 + number % 7, 1 + number % 28, number % 24, tzinfo=UTC),
        "user_id": f"user-{number % 101}",
        "source": "test",
        "order_id": f"order-{number}" if items else None,
        "currency": "GBP" if items else None,
        "value": sum((line["price"] * line["quantity"] for line in items), Decimal(0)) if items else None,
        "items": items,
        "properties": {"number": str(number)} if number % 5 == 0 else {},
    }


def produce_events(shop: Shop, numbers: range, **config: Any) -> list[dict[str, Any]]:
    encoder = shop.encoder(EVENTS, "shop_event")
    events = [event(number) for number in numbers]
    with shop.producer(**config) as producer:
        for made in events:
            producer.produce(shop.topic(EVENTS), encoder.encode(made), key=made["user_id"])
    return events


def event_totals(shop: Shop) -> tuple[Any, ...]:
    (totals,) = shop.ask(
        "SELECT count(), uniqExact(event_id), sum(value), countIf(value IS NULL), sum(length(items)), "
        "sum(arraySum(i -> i.quantity * i.price, items)), sum(length(properties)) FROM events"
    )
    return totals


def expected_totals(events: list[dict[str, Any]]) -> tuple[Any, ...]:
    values = [e["value"] for e in events if e["value"] is not None]
    return (
        len(events),
        len(events),
        sum(values),
        len(events) - len(values),
        sum(len(e["items"]) for e in events),
        sum(values),
        sum(len(e["properties"]) for e in events),
    )


def test_a_hundred_thousand_events_with_their_lines_arrive_once(shop: Shop) -> None:
    events = produce_events(shop, range(100_000))
    shop.drain(sink_batch_rows=20_000)
    assert event_totals(shop) == expected_totals(events)


def test_an_event_arrives_with_every_field(shop: Shop) -> None:
    (made,) = produce_events(shop, range(35, 36))
    shop.drain()
    columns = "event_id, event_type, event_time, user_id, order_id, currency, value, items, properties, coupon, rating"
    (row,) = shop.ask(f"SELECT {columns} FROM events")
    assert row[:2] == ("event-35", "purchase")
    assert row[2].replace(tzinfo=UTC) == made["event_time"]
    assert row[3:7] == ("user-35", "order-35", "GBP", made["value"])
    assert [tuple(line.values()) if isinstance(line, dict) else line for line in row[7]] == [
        tuple(line.values()) for line in made["items"]
    ]
    assert row[8:] == ({"number": "35"}, "", None)


def test_only_committed_transactions_arrive_and_the_group_reads_behind_their_markers(shop: Shop) -> None:
    encoder = shop.encoder(EVENTS, "shop_event")
    with shop.producer(**{"transactional.id": shop.suffix}) as producer:
        producer.init_transactions(30)
        for number in range(6):
            producer.begin_transaction()
            for i in range(100):
                made = event(number * 100 + i)
                producer.produce(shop.topic(EVENTS), encoder.encode(made), key=made["user_id"])
            assert producer.flush(30) == 0
            producer.abort_transaction(30) if number % 2 else producer.commit_transaction(30)
    shop.drain(sink_batch_rows=70)
    committed = [event(number * 100 + i) for number in (0, 2, 4) for i in range(100)]
    assert event_totals(shop) == expected_totals(committed)


@pytest.mark.parametrize("batch_rows", [1_000, 170])
def test_a_crash_between_prepare_and_insert_loses_nothing_and_doubles_nothing(shop: Shop, batch_rows: int) -> None:
    events = produce_events(shop, range(3_000))
    for number in (0, 2):
        with pytest.raises(Crash):
            shop.drain(Unreliable(shop.store, {number: Crash()}, {}), sink_batch_rows=batch_rows)
        assert any(metadata for _, metadata in shop.committed().values())
    shop.drain(sink_batch_rows=50)
    assert event_totals(shop) == expected_totals(events)


@pytest.mark.parametrize("batch_rows", [1_000, 170])
def test_a_crash_between_insert_and_commit_loses_nothing_and_doubles_nothing(shop: Shop, batch_rows: int) -> None:
    events = produce_events(shop, range(3_000))
    for number in (0, 2):
        with pytest.raises(Crash):
            shop.drain(Unreliable(shop.store, {}, {number: Crash()}), sink_batch_rows=batch_rows)
    shop.drain(sink_batch_rows=50)
    assert event_totals(shop) == expected_totals(events)


def test_an_insert_whose_answer_is_lost_is_repeated_without_effect(shop: Shop) -> None:
    events = produce_events(shop, range(3_000))
    store = Unreliable(shop.store, {2: lost_answer(), 3: lost_answer()}, {0: lost_answer(), 5: lost_answer()})
    shop.drain(store, sink_batch_rows=500)
    assert store.calls >= 10
    assert event_totals(shop) == expected_totals(events)


def test_a_group_without_offsets_goes_on_where_the_table_ends(shop: Shop) -> None:
    first = produce_events(shop, range(1_000))
    shop.drain(sink_batch_rows=170)
    admin = AdminClient({"bootstrap.servers": shop.settings.kafka_bootstrap_servers})
    shop.wait_until(lambda: _deleted(admin, shop.group))
    assert shop.committed() == {}
    second = produce_events(shop, range(1_000, 1_500))
    shop.drain(sink_batch_rows=100)
    assert event_totals(shop) == expected_totals(first + second)


def _deleted(admin: AdminClient, group: str) -> bool:
    (future,) = admin.delete_consumer_groups([group]).values()
    return future.exception() is None


def test_a_sink_that_lost_its_partitions_while_it_waited_reads_on_when_it_has_them_again(shop: Shop) -> None:
    events = produce_events(shop, range(1_000))
    store = Away(shop.store)
    with shop.running(store) as work:
        shop.wait_until(lambda: store.was_asked)
        servers = shop.settings.kafka_bootstrap_servers
        options = {"bootstrap.servers": servers, "group.id": shop.group, "enable.auto.commit": False}
        with closing(Consumer(options)) as other:
            other.subscribe([shop.topic(EVENTS)])
            shop.wait_until(lambda: other.consume(1, 0.1) != [] or other.assignment() != [])
        store.is_away = False
        shop.wait_until(lambda: work.done() or event_totals(shop)[0] == len(events))
    assert event_totals(shop) == expected_totals(events)


class Away:
    """A real store that cannot be reached for a while."""

    def __init__(self, store: ClickHouseStore) -> None:
        self._store = store
        self.is_away = True
        self.was_asked = False

    def insert(self, batch: Batch) -> None:
        self.was_asked = True
        if self.is_away:
            raise lost_answer()
        self._store.insert(batch)


def test_records_that_kafka_deleted_unread_stop_the_sink_until_that_is_accepted(shop: Shop) -> None:
    first = produce_events(shop, range(1_000))
    shop.drain()
    produce_events(shop, range(1_000, 1_500))
    delete_all_events(shop)
    with pytest.raises(RecordsDeleted, match=rf"Kafka has deleted .* of {shop.topic(EVENTS)}-"):
        shop.drain()
    assert event_totals(shop) == expected_totals(first)
    third = produce_events(shop, range(1_500, 1_600))
    shop.drain(kafka_gaps="accept")
    assert event_totals(shop) == expected_totals(first + third)


def delete_all_events(shop: Shop) -> None:
    admin = AdminClient({"bootstrap.servers": shop.settings.kafka_bootstrap_servers})
    ends = [TopicPartition(*each, end) for each, end in shop.ends().items() if each.topic == shop.topic(EVENTS)]
    for future in admin.delete_records(ends).values():
        future.result(30)


def test_rows_that_clickhouse_refuses_stop_the_sink_and_are_not_dropped(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sinks.core.sink.LONGEST_BACKOFF_SECONDS", 0.01)
    good = shop.encoder(EVENTS, "shop_event").encode(event(1))
    with shop.producer() as producer:
        producer.produce(shop.topic(EVENTS), good, partition=0)
        producer.produce(shop.topic(EVENTS), good[:-40], partition=1)
    with pytest.raises(BatchRefused) as refused:
        shop.drain()
    assert (refused.value.store, refused.value.records) == ("ClickHouse's table events", f"{shop.topic(EVENTS)}-1-0-0")
    assert shop.committed()[Partition(shop.topic(EVENTS), 1)][0] == 0


def test_a_table_that_is_ahead_of_its_topic_stops_the_sink(shop: Shop) -> None:
    encoded = shop.encoder(EVENTS, "shop_event").encode(event(1))
    other_life = OffsetRange(Partition(shop.topic(EVENTS), 0), 90, 99)
    shop.store.insert(Batch(other_life, 100, [99], [None], [encoded]))
    with (
        pytest.raises(ConfigurationError, match=r"before offset 100 of .*, which ends at 0"),
        shop.running() as work,
    ):
        shop.wait_until(work.done)


def sales(day: date, orders: int, gross: Decimal) -> dict[str, Any]:
    return {
        "day": day,
        "currency": "GBP",
        "orders": orders,
        "units": orders * 2,
        "gross": gross,
        "refunds": Decimal("1.5"),
        "cancelled": Decimal("0.0001"),
        "buyers": orders,
        "new_buyers": orders // 2,
    }


def sales_view_row(row: dict[str, Any]) -> tuple[Any, ...]:
    average = (row["gross"] / row["orders"]).quantize(Decimal("0.0001"), ROUND_HALF_UP) if row["orders"] else None
    net = row["gross"] - row["refunds"] - row["cancelled"]
    amounts = (row["gross"], row["refunds"], row["cancelled"], net, average)
    people = (row["buyers"], row["new_buyers"], row["buyers"] - row["new_buyers"])
    return (row["day"], row["currency"], row["orders"], row["units"], *amounts, *people)


@of_sales
@pytest.mark.parametrize("batch_rows", [7, 400, 100_000])
def test_the_view_is_what_the_last_record_of_each_key_says(shop: Shop, batch_rows: int) -> None:
    values, keys = shop.encoder(SALES_DAILY, "sales_daily"), shop.key_encoder("sales_daily")
    chance, rows = random.Random(batch_rows), {}
    topic = shop.topic(SALES_DAILY)
    with shop.producer() as producer:
        for number in range(2_000):
            day = FIRST_DAY + timedelta(days=chance.randrange(90))
            key = keys.encode({"day": day, "currency": "GBP"})
            if chance.random() < 0.2:
                rows.pop(day, None)
                producer.produce(topic, None, key=key, partition=day.day % 2)
            else:
                rows[day] = sales(day, number % 9, Decimal(chance.randrange(10**9)) / 10_000)
                producer.produce(topic, values.encode(rows[day]), key=key, partition=day.day % 2)
    with pytest.raises(Crash):
        shop.drain(Unreliable(shop.store, {}, {1: Crash()}), sink_batch_rows=batch_rows)
    shop.drain(sink_batch_rows=batch_rows)
    assert shop.ask("SELECT * FROM sales_daily ORDER BY day") == [sales_view_row(rows[day]) for day in sorted(rows)]


@of_sales
def test_a_batch_that_arrives_late_turns_no_row_back(shop: Shop) -> None:
    values, keys = shop.encoder(SALES_DAILY, "sales_daily"), shop.key_encoder("sales_daily")
    partition = Partition(shop.topic(SALES_DAILY), 0)
    key = keys.encode({"day": FIRST_DAY, "currency": "GBP"})

    def batch(first: int, orders: int) -> Batch:
        value = values.encode(sales(FIRST_DAY, orders, Decimal(orders)))
        return Batch(OffsetRange(partition, first, first), first + 1, [first], [key], [value])

    for first, orders in ((100, 7), (99, 6), (9, 5)):
        shop.store.insert(batch(first, orders))
    assert shop.ask("SELECT orders FROM sales_daily") == [(7,)]
    shop.store.insert(Batch(OffsetRange(partition, 98, 98), 99, [98], [key], [None]))
    assert shop.ask("SELECT orders FROM sales_daily") == [(7,)]
    shop.store.insert(Batch(OffsetRange(partition, 101, 101), 102, [101], [key], [None]))
    assert shop.ask("SELECT orders FROM sales_daily") == []
    shop.store.insert(batch(102, 8))
    assert shop.ask("SELECT orders FROM sales_daily") == [(8,)]


def ones(result: str) -> dict[str, Any]:
    """A row of a result whose counts and amounts are all 1."""
    kinds = {field["name"]: field["type"] for field in load_schema(result)["fields"]}
    return {name: Decimal(1) if isinstance(kind, dict) else 1 for name, kind in kinds.items()}


@pytest.mark.parametrize("topics", [tuple(TABLES)], ids=["all"])
def test_a_minute_and_a_product_are_deleted_by_their_keys(shop: Shop) -> None:
    minute = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    made: list[tuple[str, str, dict[str, Any]]] = [
        ("sales_minutely", "minute", {"currency": "GBP"}),
        ("products_daily", "day", {"currency": "GBP", "product_id": 'a "quoted" \\ name'}),
    ]
    with shop.producer() as producer:
        for result, time_column, key in made:
            topic = "metrics-" + result.replace("_", "-")
            values, keys = shop.encoder(topic, result), shop.key_encoder(result)
            for step in range(2):
                at = minute + timedelta(days=step)
                whole = {time_column: at if time_column == "minute" else at.date(), **key}
                producer.produce(
                    shop.topic(topic), values.encode(ones(result) | whole), key=keys.encode(whole), partition=0
                )
                if step == 0:
                    producer.produce(shop.topic(topic), None, key=keys.encode(whole), partition=0)
    shop.drain()
    assert shop.ask("SELECT toString(minute), average_order_value FROM sales_minutely") == [
        ("2026-03-30 01:30:00.000", Decimal("1.0000"))
    ]
    assert shop.ask("SELECT day, product_id FROM products_daily") == [(date(2026, 3, 30), 'a "quoted" \\ name')]


@contextmanager
def sink_process(shop: Shop, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = environment_of(shop.settings)
    command = [sys.executable, str(ROOT / "tests/integration/sinks/sink_process.py"), shop.suffix, *shop.topics]
    with log.open("ab") as output, subprocess.Popen(command, env=environment, stderr=output) as process:
        try:
            yield process
        finally:
            process.kill()


def test_killing_the_sink_again_and_again_loses_nothing_and_doubles_nothing(shop: Shop, tmp_path: Path) -> None:
    shop.settings = shop.settings.model_copy(update={"sink_batch_rows": 900})
    chance = random.Random(5)
    events: list[dict[str, Any]] = []
    for number in range(5):
        events += produce_events(shop, range(number * 10_000, (number + 1) * 10_000))
        inserted = event_totals(shop)[0]
        with sink_process(shop, tmp_path / "sink.log") as process:
            shop.wait_until(lambda so_far=inserted: event_totals(shop)[0] > so_far)  # type: ignore[misc]
            threading.Event().wait(chance.uniform(0, 0.4))
            process.send_signal(signal.SIGKILL)
    shop.drain()
    assert event_totals(shop) == expected_totals(events)


def test_sinks_that_come_and_go_share_the_partitions_without_loss_or_doubles(shop: Shop, tmp_path: Path) -> None:
    shop.settings = shop.settings.model_copy(update={"sink_batch_rows": 300})
    events = produce_events(shop, range(20_000))
    with sink_process(shop, tmp_path / "first.log") as first:
        shop.wait_until(lambda: event_totals(shop)[0] > 0)
        with sink_process(shop, tmp_path / "second.log") as second:
            events += produce_events(shop, range(20_000, 40_000))
            shop.wait_until(lambda: event_totals(shop)[0] > 10_000)
            first.terminate()
            assert first.wait(60) == 0
            events += produce_events(shop, range(40_000, 50_000))
            shop.wait_until(shop.is_drained)
            second.terminate()
            assert second.wait(60) == 0
    assert event_totals(shop) == expected_totals(events)
