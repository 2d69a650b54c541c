"""A shop of its own for each test, on the shared servers: its topics and its consumer group.

A shop has the topics that its test reads or writes, for each costs Kafka, the sink and ClickHouse their share. Of the
database there is one, whose tables are empty when a test begins: a token names its topic, so none is met again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from connections.clickhouse import connected
from connections.registry import SchemaRegistry
from local.platform import Platform
from operations.migrate import migrate_tables, topic_config
from schemas.settings import Settings
from schemas.topics import EVENTS, TOPICS
from sinks.clickhouse.client import ClickHouse
from tests.integration.sinks.shop import PARTITIONS, Shop


@pytest.fixture(scope="session")
def database(platform: Platform) -> Settings:
    """The settings of a database of these tests, migrated."""
    settings = platform.settings.model_copy(
        update={
            "clickhouse_database": f"sinks_{uuid.uuid4().hex[:10]}",
            "sink_batch_ms": 50,
            "topic_partitions": PARTITIONS,
        }
    )
    migrate_tables(settings, wait_seconds=30)
    return settings


@pytest.fixture
def topics() -> Sequence[str]:
    """The topics of a shop; a test that needs others is given them by a parameter of this name."""
    return (EVENTS,)


@pytest.fixture
def shop(database: Settings, topics: Sequence[str]) -> Iterator[Shop]:
    suffix = uuid.uuid4().hex[:10]
    shop = Shop(database, suffix, SchemaRegistry(database.registry_url, 30), ClickHouse(database), tuple(topics))
    admin = AdminClient({"bootstrap.servers": database.kafka_bootstrap_servers})
    _create_topics(admin, shop)
    shop.wait_until(shop.has_leaders)
    yield shop
    for future in admin.delete_topics([*map(shop.topic, topics)]).values():
        future.result()
    with connected(database, database.clickhouse_database) as client:
        for table in shop.tables.values():
            client.command(f"TRUNCATE TABLE {table.name} SYNC")
    shop.clickhouse.close()
    shop.registry.close()


def _create_topics(admin: AdminClient, shop: Shop) -> None:
    wanted = [
        NewTopic(shop.topic(topic.name), PARTITIONS, 1, config=topic_config(topic, shop.settings))
        for topic in TOPICS
        if topic.name in shop.topics
    ]
    assert len(wanted) == len(shop.topics)
    for future in admin.create_topics(wanted, operation_timeout=30).values():
        future.result()
