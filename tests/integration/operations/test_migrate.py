from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from connections.clickhouse import SYSTEM_DATABASE, connected
from connections.errors import DependencyUnavailable
from connections.registry import SchemaRegistry
from operations import migrate as migrations
from operations.migrate import Migrated, ddl_migrations, migrate, migrate_tables
from schemas.codec import load_schema, schema_text
from schemas.errors import ConfigurationError, IncompatibleSchema
from schemas.results import RANKED, RESULTS, SERVED, Column, result_named
from schemas.settings import Settings
from schemas.topics import TOPICS

pytestmark = pytest.mark.platform

NOTHING = Migrated((), (), ())
EARLIER_RELEASE = Path(__file__).parent / "earlier_release"
"""The numbered files of the release before results were described by their schemas."""
SCHEMAS = ("shop_event", *(result.name for result in (*RESULTS, *SERVED, *RANKED)))


@pytest.fixture
def registry(settings: Settings) -> Iterator[SchemaRegistry]:
    client = SchemaRegistry(settings.registry_url, 30)
    yield client
    client.close()


def test_the_second_run_has_nothing_to_do(settings: Settings) -> None:
    first = migrate(settings)
    assert first.tables == tuple(migration.name for migration in ddl_migrations())
    assert migrate(settings) == NOTHING


def test_two_runs_at_once_both_succeed(settings: Settings) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrate, [settings, settings]))
    assert migrate(settings) == NOTHING
    with connected(settings, settings.clickhouse_database) as client:
        names = [row[0] for row in client.query("SELECT name FROM schema_migrations FINAL ORDER BY name").result_rows]
    assert names == sorted(migration.name for migration in ddl_migrations())


def test_every_statement_may_run_twice(settings: Settings) -> None:
    migrate_tables(settings, wait_seconds=30)
    with connected(settings, settings.clickhouse_database) as client:
        for migration in ddl_migrations():
            for statement in migration.statements:
                client.command(statement)


def test_a_migration_that_was_changed_after_it_ran_is_an_error(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate_tables(settings, wait_seconds=30)
    first, events, *others = ddl_migrations()
    changed = (first, replace(events, text=events.text + "-- changed\n"), *others)
    monkeypatch.setattr(migrations, "ddl_migrations", lambda: changed)
    with pytest.raises(ConfigurationError, match=r"0001_events\.sql was changed after it had run"):
        migrate_tables(settings, wait_seconds=30)


def test_a_new_migration_runs_alone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate_tables(settings, wait_seconds=30)
    new = migrations.DdlMigration(
        "9999_new", "CREATE TABLE IF NOT EXISTS new (a Int64) ENGINE = MergeTree ORDER BY a;\n"
    )
    monkeypatch.setattr(migrations, "ddl_migrations", lambda: (*ddl_migrations(), new))
    assert migrate_tables(settings, wait_seconds=30) == ("9999_new",)


def test_a_column_that_a_schema_gains_is_added_to_the_table_and_the_view(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate_tables(settings, wait_seconds=30)
    result = result_named("carts_daily")
    with connected(settings, settings.clickhouse_database) as client:
        client.insert("carts_daily_versions", [(date(2026, 6, 1), 4)], column_names=("day", "additions"))
        day, additions, *others = result.columns
        added = Column("carts", "Carts.", ["null", "long"])
        derived = Column("per_cart", "additions / carts.", expression="additions / carts")
        grown = replace(result, columns=(day, additions, added, derived, *others))
        monkeypatch.setattr(migrations, "RESULTS", (grown,))

        assert migrate_tables(settings, wait_seconds=30) == ("carts_daily",)
        assert migrate_tables(settings, wait_seconds=30) == ()
        columns = [row[:2] for row in client.query("DESCRIBE TABLE carts_daily_versions").result_rows]
        assert columns[1:4] == [("additions", "Int64"), ("carts", "Nullable(Int64)"), ("removals", "Int64")]
        assert client.query("SELECT day, additions, carts, per_cart FROM carts_daily").result_rows == [
            (date(2026, 6, 1), 4, None, None)
        ]


def test_a_database_of_the_release_before_keeps_its_rows_and_gets_the_tables_of_a_new_one(settings: Settings) -> None:
    earlier = [
        migrations.DdlMigration(path.stem, path.read_text(encoding="utf-8"))
        for path in sorted(EARLIER_RELEASE.glob("*.sql"))
    ]
    name, new = (
        settings.clickhouse_database,
        settings.model_copy(update={"clickhouse_database": f"new_{uuid.uuid4().hex[:10]}"}),
    )
    with connected(settings, SYSTEM_DATABASE) as client:
        client.command(f"CREATE DATABASE {name} ENGINE = Atomic")
    with connected(settings, name) as client:
        for migration in earlier:
            for statement in migration.statements:
                client.command(statement)
            row = (migration.name, migration.checksum)
            client.insert("schema_migrations", [row], column_names=("name", "checksum"))
        sales = [(date(2026, 6, 1), "EUR", 2, Decimal("9.9900"))]
        client.insert("sales_daily_versions", sales, column_names=("day", "currency", "orders", "gross"))
        sessions = [("s1", date(2026, 6, 1), 3, 7), ("s1", date(2026, 5, 31), 4, 8), ("s2", date(2026, 6, 1), 1, 9)]
        client.insert("sessions_versions", sessions, column_names=("session_id", "day", "events", "_version"))

        ran = migrate_tables(settings, wait_seconds=30)
        assert "0001_events" not in ran
        assert {result.name for result in RESULTS} <= set(ran)
        assert migrate_tables(settings, wait_seconds=30) == ()
        assert client.query("SELECT day, currency, orders, net FROM sales_daily").result_rows == sales
        newest = "SELECT session_id, day, events, _version FROM sessions_versions ORDER BY session_id"
        assert client.query(newest).result_rows == sessions[1:]

    migrate_tables(new, wait_seconds=30)
    try:
        assert _tables(settings) == _tables(new)
    finally:
        with connected(new, SYSTEM_DATABASE) as client:
            client.command(f"DROP DATABASE {new.clickhouse_database} SYNC")


def _tables(settings: Settings) -> list[Any]:
    """All tables and views, and their columns, by everything that ClickHouse says of them but their database."""
    name = settings.clickhouse_database
    with connected(settings, SYSTEM_DATABASE) as client:
        tables = client.query(
            "SELECT name, engine_full, partition_key, sorting_key, "
            f"replaceAll(create_table_query, '{name}.', '') FROM tables WHERE database = '{name}' ORDER BY name"
        ).result_rows
        columns = client.query(
            f"SELECT table, name, type, default_expression FROM columns WHERE database = '{name}' "
            "ORDER BY table, position"
        ).result_rows
    return [*tables, *columns]


def test_topics_have_the_retention_and_the_cleanup_of_the_contract(settings: Settings) -> None:
    migrate(settings.model_copy(update={"topic_retention_seconds": 86_400}))
    assert _config(settings, "events", "retention.ms") == "86400000"
    migrate(settings)
    for topic in TOPICS:
        assert _config(settings, topic.name, "cleanup.policy") == topic.cleanup.value
    assert _config(settings, "events", "retention.ms") == str(settings.topic_retention_seconds * 1000)


def _config(settings: Settings, topic: str, name: str) -> str:
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    (future,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]).values()
    return str(future.result()[name].value)


def test_another_number_of_partitions_is_said_and_left_alone(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    migrate(settings)
    more = settings.topic_partitions + 1
    with caplog.at_level(logging.WARNING, "operations.migrate"):
        assert migrate(settings.model_copy(update={"topic_partitions": more})) == NOTHING
    assert f"Topic events has {settings.topic_partitions} partitions and the setting says {more}" in caplog.text


@pytest.mark.parametrize(
    "moved",
    [
        {"kafka_bootstrap_servers": "127.0.0.1:9"},
        {"registry_url": "http://127.0.0.1:9/apis/ccompat/v7"},
        {"clickhouse_url": "http://127.0.0.1:9"},
    ],
    ids=["kafka", "registry", "clickhouse"],
)
def test_a_server_that_stays_away_is_named(settings: Settings, moved: dict[str, str]) -> None:
    (address,) = moved.values()
    impatient = settings.model_copy(update={**moved, "http_timeout_seconds": 0.5})
    with pytest.raises(DependencyUnavailable) as away:
        migrate(impatient, wait_seconds=1)
    assert away.value.address == address


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_registry_takes_a_new_field_and_refuses_what_old_records_cannot_give(
    registry: SchemaRegistry, schema: str
) -> None:
    subject = f"evolution-{uuid.uuid4().hex[:10]}-value"
    registry.set_compatibility(subject)
    first = registry.register(subject, schema_text(schema))
    grown = load_schema(schema)
    grown["fields"].append({"name": "added_later", "type": ["null", "string"], "default": None})
    assert registry.register(subject, json.dumps(grown)) != first
    broken = load_schema(schema)
    broken["fields"].append({"name": "without_default", "type": "string"})
    with pytest.raises(IncompatibleSchema) as refused:
        registry.register(subject, json.dumps(broken))
    assert refused.value.subject == subject
