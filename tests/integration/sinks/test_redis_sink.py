"""Topics into a Redis of the test's own; the topics are those of a real Kafka."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.recommendations import decode_product
from schemas.redis_keys import SINK_OFFSETS, UNAVAILABLE, UNAVAILABLE_REVISION
from schemas.results import PRODUCTS
from schemas.settings import Settings
from sinks.core.framing import FramedDecoder
from sinks.core.reader import TopicReader
from sinks.redis.changes import CHANGE_OF_TOPIC, Changes
from sinks.redis.description import REDIS
from sinks.redis.sink import RedisSink
from sinks.redis.store import RedisStore
from tests.integration.sinks.shop import Shop
from tests.support.serving import RedisProcess

FIRST_SEEN = datetime(2026, 1, 1, tzinfo=UTC)
CHANGES = Changes({"product:a": b"1", "product:b": None}, {"a": False, "b": True})


@pytest.fixture(scope="module")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path_factory.mktemp("redis"))
    process.start()
    yield process
    process.close()


@pytest.fixture
def redis(redis_process: RedisProcess) -> Any:
    redis_process.client.flushall()
    return redis_process.client


@pytest.fixture
def store(redis_process: RedisProcess, redis: Any) -> Iterator[RedisStore]:
    with closing(RedisStore(Settings(redis_url=redis_process.url))) as made:
        yield made


def test_a_batch_and_the_offset_behind_it_are_written_together(store: RedisStore, redis: Any) -> None:
    redis.set("product:b", "old")
    assert store.apply("products-0", None, 10, CHANGES)
    assert (redis.get("product:a"), redis.get("product:b")) == (b"1", None)
    assert redis.smembers(UNAVAILABLE) == {b"a"}
    assert redis.get(UNAVAILABLE_REVISION) == b"1"
    assert store.positions() == {"products-0": 10}


def test_a_batch_that_was_written_already_changes_nothing(store: RedisStore, redis: Any) -> None:
    assert store.apply("products-0", None, 10, CHANGES)
    assert store.apply("products-0", 10, 12, Changes({"product:a": b"2"}, {"a": True}))
    assert not store.apply("products-0", None, 10, CHANGES)
    assert not store.apply("products-0", 10, 12, CHANGES)
    assert redis.get("product:a") == b"2"
    assert redis.smembers(UNAVAILABLE) == set()


def test_the_revision_moves_with_the_set_alone(store: RedisStore, redis: Any) -> None:
    assert store.apply("products-0", None, 1, CHANGES)
    assert store.apply("products-0", 1, 2, CHANGES)
    assert redis.get(UNAVAILABLE_REVISION) == b"1"
    assert store.apply("products-0", 2, 3, Changes({}, {"a": True}))
    assert redis.get(UNAVAILABLE_REVISION) == b"2"


@dataclass
class Catalogue:
    """Publishes products, as the job would."""

    shop: Shop

    def publish(self, *rows: tuple[str, str | None, bool]) -> None:
        """Id, title (None for a tombstone) and availability of each."""
        keys = self.shop.key_encoder(PRODUCTS.name)
        values = self.shop.encoder(PRODUCTS.topic, PRODUCTS.name)
        with self.shop.producer() as producer:
            for product_id, title, available in rows:
                row = {
                    "product_id": product_id,
                    "title": title,
                    "available": available,
                    "first_seen": datetime.now(UTC),
                }
                producer.produce(
                    self.shop.topic(PRODUCTS.topic),
                    None if title is None else values.encode(row),
                    keys.encode({"product_id": product_id}),
                )


@contextmanager
def running(shop: Shop, redis_process: RedisProcess) -> Iterator[None]:
    """The sink on the test's topics."""
    stopping = threading.Event()
    settings = shop.settings.model_copy(update={"redis_url": redis_process.url})
    topics = {shop.topic(topic): change for topic, change in CHANGE_OF_TOPIC.items()}
    with closing(TopicReader(settings, tuple(topics), REDIS.group)) as source, closing(RedisStore(settings)) as store:
        sink = RedisSink(source, store, FramedDecoder(shop.registry), stopping, changes_of=topics)
        thread = threading.Thread(target=sink.run)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join(60)


def title_of(redis: Any, product_id: str) -> Callable[[], str | None]:
    def ask() -> str | None:
        value = redis.get(f"product:{product_id}")
        return None if value is None else decode_product(value).title

    return ask


@pytest.mark.platform
@pytest.mark.parametrize("topics", [tuple(CHANGE_OF_TOPIC)], ids=["of Redis"])
def test_a_redis_that_was_emptied_or_killed_is_filled_again(
    shop: Shop, redis_process: RedisProcess, redis: Any, tmp_path: Path
) -> None:
    catalogue = Catalogue(shop)
    catalogue.publish(("a", "Lamp", True), ("b", "Rug", False), ("c", "Pan", False), ("c", None, False))
    with running(shop, redis_process):
        shop.wait_until(lambda: title_of(redis, "b")() == "Rug" and title_of(redis, "a")() == "Lamp")
        shop.wait_until(lambda: redis.smembers(UNAVAILABLE) == {b"b"})
        offsets = redis.hgetall(SINK_OFFSETS)

        redis.flushall()
        shop.wait_until(lambda: title_of(redis, "a")() == "Lamp" and redis.smembers(UNAVAILABLE) == {b"b"})
        assert redis.hgetall(SINK_OFFSETS) == offsets

        redis_process.kill()
        catalogue.publish(("b", "Rug", True), ("a", "Lamp XL", True))
        redis_process.start()
        shop.wait_until(lambda: title_of(redis, "a")() == "Lamp XL" and redis.smembers(UNAVAILABLE) == set())
    assert title_of(redis, "c")() is None
