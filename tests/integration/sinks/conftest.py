"""A shop of its own for each test, on the shared servers: its database, its topics, its consumer group."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from connections.clickhouse import SYSTEM_DATABASE, connected
from connections.registry import SchemaRegistry
from operations.migrate import migrate_tables, topic_config
from schemas.settings import Settings
from schemas.topics import TOPICS
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.store import TABLES
from sinks.lists.description import RANKED_LISTS
from sinks.redis.changes import CHANGE_OF_TOPIC
from tests.integration.sinks.shop import PARTITIONS, Shop

OTHERS = {*CHANGE_OF_TOPIC, *RANKED_LISTS.topics}


@pytest.fixture
def shop(platform: Any) -> Iterator[Shop]:
    suffix = uuid.uuid4().hex[:10]
    settings: Settings = platform.settings.model_copy(
        update={"clickhouse_database": f"sinks_{suffix}", "sink_batch_ms": 50, "topic_partitions": PARTITIONS}
    )
    migrate_tables(settings, wait_seconds=30)
    shop = Shop(settings, suffix, SchemaRegistry(settings.registry_url, 30), ClickHouse(settings))
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    _create_topics(admin, shop)
    shop.wait_until(shop.has_leaders)
    yield shop
    for future in admin.delete_topics([*shop.tables, *map(shop.topic, OTHERS)]).values():
        future.result()
    with connected(settings, SYSTEM_DATABASE) as client:
        client.command(f"DROP DATABASE {settings.clickhouse_database} SYNC")
    shop.clickhouse.close()
    shop.registry.close()


def _create_topics(admin: AdminClient, shop: Shop) -> None:
    wanted = [
        NewTopic(shop.topic(t.name), PARTITIONS, 1, config=topic_config(t, shop.settings))
        for t in TOPICS
        if t.name in TABLES or t.name in OTHERS
    ]
    for future in admin.create_topics(wanted, operation_timeout=30).values():
        future.result()
