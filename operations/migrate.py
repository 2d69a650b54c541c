"""Brings the servers to the contracts of ``schemas/``: Kafka's topics, the registry's schemas, ClickHouse's tables.

Every step may be repeated, and two processes may do it at once: what is there already is left alone. ClickHouse has
no transactions around DDL, so each statement of a migration is written so that it may run twice (IF NOT EXISTS), and
a migration is recorded after its last statement.

Tables are made by the numbered files of ``schemas/clickhouse/``, each once, and those of results by what their schemas
say (``schemas/result_tables.py``), again whenever that has changed.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Final, TypeVar

from clickhouse_connect.driver.client import Client
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from confluent_kafka.cimpl import NewTopic

from connections.clickhouse import SYSTEM_DATABASE, connected
from connections.errors import DependencyUnavailable
from connections.registry import SchemaRegistry
from coordination.waiting import wait_until
from operations.clickhouse_zone import check_clickhouse_zone
from schemas.codec import schema_text
from schemas.errors import ConfigurationError
from schemas.result_tables import handwritten_view, result_statements, settings_ddl, sorting_key, table_ddl
from schemas.results import RESULTS, Result
from schemas.settings import DAY_SECONDS, Settings
from schemas.topics import DEMAND_DAYS, TOPICS, Cleanup, Topic

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = 0.5
COMPACT_SEGMENT_BYTES: Final = 64 * 1024 * 1024
COMPACT_SEGMENT_MS: Final = 60 * 60 * 1000
COMPACT_DIRTY_RATIO: Final = 0.5
FOR_EVER: Final = -1
"""Kafka's word for a retention without an end."""
_MIGRATIONS_TABLE: Final = "0000_schema_migrations"
_STATEMENT_END: Final = re.compile(r";[ \t]*(?:\n|\Z)")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a run of ``migrate`` changed.

    Attributes:
        topics: Names of the topics created.
        subjects: Subjects whose schema was registered for the first time, or anew.
        tables: Names of the DDL migrations run: numbered files, and results.
    """

    topics: tuple[str, ...]
    subjects: tuple[str, ...]
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DdlMigration:
    """Statements that make tables and views.

    Attributes:
        name: Its name in ``schema_migrations``.
        text: The statements; each ends with a semicolon at the end of a line.
        runs_when_changed: Whether it runs again when its text has changed; else that is an error.
    """

    name: str
    text: str
    runs_when_changed: bool = False

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def statements(self) -> tuple[str, ...]:
        """Its statements, in their order."""
        return tuple(part.strip() for part in _STATEMENT_END.split(self.text) if part.strip())


def ddl_migrations() -> tuple[DdlMigration, ...]:
    """The files of ``schemas/clickhouse/`` in the order of their numbers, then every result."""
    entries = (entry for entry in (files("schemas") / "clickhouse").iterdir() if entry.name.endswith(".sql"))
    numbered = (
        DdlMigration(entry.name.removesuffix(".sql"), entry.read_text(encoding="utf-8"))
        for entry in sorted(entries, key=lambda entry: entry.name)
    )
    return (*numbered, *map(result_migration, _dependent_views_last(RESULTS)))


def result_migration(result: Result) -> DdlMigration:
    """The table and the view of a result."""
    text = "".join(f"{statement};\n" for statement in result_statements(result))
    return DdlMigration(result.name, text, runs_when_changed=True)


def _dependent_views_last(results: tuple[Result, ...]) -> list[Result]:
    """Views written by hand read other views, which must be there before them."""
    return sorted(results, key=lambda result: bool(handwritten_view(result.name)))


def migrate(settings: Settings, *, wait_seconds: float = 60.0) -> Migrated:
    """Create topics, register schemas and run the DDL migrations that have not run yet.

    Args:
        settings: Addresses, and the partitions, replication and retention of topics.
        wait_seconds: How long each server may take to start.

    Raises:
        DependencyUnavailable: A server did not answer within ``wait_seconds``.
        IncompatibleSchema: The registry refuses a schema of ``schemas/avro``.
        ConfigurationError: A numbered file was changed after it had run.
        TimeZonesDiffer: ClickHouse has another time zone of the shop's name.
    """
    return Migrated(
        topics=migrate_topics(settings, wait_seconds),
        subjects=migrate_schemas(settings, wait_seconds),
        tables=migrate_tables(settings, wait_seconds),
    )


def migrate_topics(settings: Settings, wait_seconds: float) -> tuple[str, ...]:
    """Create the topics of TOPICS that are missing, set retention and cleanup of all, and name those created."""
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers}, logger=logger)
    timeout = settings.http_timeout_seconds
    with _kafka_errors(settings):
        present = _wait_for(lambda: admin.list_topics(timeout=timeout).topics, wait_seconds, KafkaException)
        for topic in TOPICS:
            if topic.name in present:
                _warn_about_partitions(topic, len(present[topic.name].partitions), settings)
        created = _create_topics(admin, [topic for topic in TOPICS if topic.name not in present], settings)
        _configure_topics(admin, [topic for topic in TOPICS if topic.name not in created], settings)
        if created:
            wait_until_served(admin, created, settings, wait_seconds)
    return created


def wait_until_served(admin: AdminClient, names: Iterable[str], settings: Settings, wait_seconds: float) -> None:
    """Wait until the brokers know topics that the controller has created: who reads them next may be quicker."""

    def all_have_leaders() -> bool:
        topics = admin.list_topics(timeout=settings.http_timeout_seconds).topics
        partitions = [topics[name].partitions if name in topics else {} for name in names]
        return all(each and all(partition.leader >= 0 for partition in each.values()) for each in partitions)

    servers = settings.kafka_bootstrap_servers
    wait_until(
        all_have_leaders,
        wait_seconds,
        lambda: DependencyUnavailable("Kafka", servers, "it does not serve the topics that it has created"),
    )


def topic_config(topic: Topic, settings: Settings) -> dict[str, str]:
    """Kafka's configuration of one topic.

    A compacted topic closes its segments early, because only closed ones are compacted, and keeps a tombstone as long
    as other topics keep records, so that a reader that was away still learns of the deletion. It is compacted when half
    of it is new, which copies a record once on average.
    """
    retention_ms = settings.topic_retention_seconds * 1000
    if topic.cleanup is not Cleanup.DELETE:
        rows_ms = DEMAND_DAYS * DAY_SECONDS * 1000 if topic.cleanup is Cleanup.COMPACT_AND_DELETE else FOR_EVER
        return {
            "cleanup.policy": topic.cleanup.value,  # the enum itself is refused where a topic is configured again
            "retention.ms": str(rows_ms),
            "delete.retention.ms": str(retention_ms),
            "min.cleanable.dirty.ratio": str(COMPACT_DIRTY_RATIO),
            "segment.bytes": str(COMPACT_SEGMENT_BYTES),
            "segment.ms": str(COMPACT_SEGMENT_MS),
        }
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(retention_ms),
        "segment.ms": str(min(retention_ms, DAY_SECONDS * 1000)),
    }


def migrate_schemas(settings: Settings, wait_seconds: float) -> tuple[str, ...]:
    """Register the value schema of each topic that has one, and name the subjects that changed.

    A subject's compatibility level is set before its schema is registered, so that the registry judges by it from the
    first version on.
    """
    registry = SchemaRegistry.of(settings)
    try:
        _wait_for(lambda: registry.latest("none-of-ours"), wait_seconds, DependencyUnavailable)
        with_schema = [(topic.value_subject, topic.schema) for topic in TOPICS if topic.schema is not None]
        return tuple(subject for subject, schema in with_schema if _register(registry, subject, schema_text(schema)))
    finally:
        registry.close()


def migrate_tables(settings: Settings, wait_seconds: float) -> tuple[str, ...]:
    """Run the DDL migrations that ``schema_migrations`` does not hold yet, and name them.

    Raises:
        TimeZonesDiffer: ClickHouse has another time zone of the shop's name; nothing was run.
        ConfigurationError: A numbered file was changed after it had run.
    """
    _wait_for(lambda: _create_database(settings), wait_seconds, DependencyUnavailable)
    with connected(settings, settings.clickhouse_database) as client:
        check_clickhouse_zone(client, settings.time_zone, datetime.now(UTC))
        ran = _run_missing(client, ddl_migrations())
        _move_rows_to_new_keys(client)
        return ran


def _wait_for(call: Callable[[], _T], wait_seconds: float, not_ready: type[Exception]) -> _T:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return call()
        except not_ready as error:
            if time.monotonic() >= deadline:
                raise
            logger.info("Waiting for a server that is not ready: %s", error)
            time.sleep(RETRY_SECONDS)


def partitions_of(topic: Topic, settings: Settings) -> int:
    """How many partitions a topic gets when it is created."""
    return settings.topic_result_partitions if topic.is_result else settings.topic_partitions


def _warn_about_partitions(topic: Topic, partitions: int, settings: Settings) -> None:
    wanted = partitions_of(topic, settings)
    if partitions < wanted or (partitions > wanted and not topic.is_result):  # of results an earlier release made more
        logger.warning(
            "Topic %s has %d partitions and the setting says %d: it is left as it is, because its keys would move.",
            topic.name,
            partitions,
            wanted,
        )


def _create_topics(admin: AdminClient, missing: list[Topic], settings: Settings) -> tuple[str, ...]:
    if not missing:
        return ()
    futures = admin.create_topics(
        [
            NewTopic(
                topic.name,
                num_partitions=partitions_of(topic, settings),
                replication_factor=settings.topic_replication,
                config=topic_config(topic, settings),
            )
            for topic in missing
        ],
        request_timeout=settings.http_timeout_seconds,
        operation_timeout=settings.http_timeout_seconds,
    )
    return tuple(name for name, future in futures.items() if _created(name, future.result))


def _created(name: str, outcome: Callable[[], object]) -> bool:
    try:
        outcome()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
        return False
    logger.info("Created topic %s", name)
    return True


def _configure_topics(admin: AdminClient, topics: list[Topic], settings: Settings) -> None:
    resources = [
        ConfigResource(
            ResourceType.TOPIC,
            topic.name,
            incremental_configs=[
                ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
                for name, value in topic_config(topic, settings).items()
            ],
        )
        for topic in topics
    ]
    if not resources:
        return
    timeout = settings.http_timeout_seconds
    for future in admin.incremental_alter_configs(resources, request_timeout=timeout).values():
        future.result()


def _register(registry: SchemaRegistry, subject: str, schema: str) -> bool:
    before = registry.latest(subject)
    registry.set_compatibility(subject)
    schema_id = registry.register(subject, schema)
    changed = before is None or before[0] != schema_id
    if changed:
        logger.info("Registered the schema of %s under id %d", subject, schema_id)
    return changed


def _create_database(settings: Settings) -> None:
    with connected(settings, SYSTEM_DATABASE) as client:
        client.command(f"CREATE DATABASE IF NOT EXISTS {_quoted(settings.clickhouse_database)} ENGINE = Atomic")


def _move_rows_to_new_keys(client: Client) -> None:
    """Make anew each table that an earlier release made with another key, and keep its rows.

    The new table takes the place of the old one first, so that it gets what a sink inserts meanwhile. A run that was
    cut off may be repeated: a row that is there already has the same version.
    """
    rows = client.query("SELECT name, sorting_key FROM system.tables WHERE database = currentDatabase()").result_rows
    keys = {str(name): str(key) for name, key in rows}
    for result in RESULTS:
        table, before = result.storage_table, f"{result.storage_table}_before"
        if keys.get(table, sorting_key(result)) != sorting_key(result):
            logger.info("Table %s gets the key (%s).", table, sorting_key(result))
            client.command(table_ddl(result, before))
            client.command(f"EXCHANGE TABLES {_quoted(table)} AND {_quoted(before)}")
            _move_rows(client, result, before)
        elif before in keys:
            _move_rows(client, result, before)


def _move_rows(client: Client, result: Result, before: str) -> None:
    if settings := settings_ddl(result):
        client.command(settings)
    tables = {"table": result.storage_table, "before": before}
    client.command(
        "INSERT INTO {table:Identifier} SELECT * FROM {before:Identifier} FINAL "
        "SETTINGS max_partitions_per_insert_block = 0, insert_deduplicate = 0",
        parameters=tables,
    )
    client.command("DROP TABLE {before:Identifier}", parameters=tables)


def _run_missing(client: Client, migrations: tuple[DdlMigration, ...]) -> tuple[str, ...]:
    _run_statements(client, next(m for m in migrations if m.name == _MIGRATIONS_TABLE))
    rows = client.query("SELECT name, checksum FROM schema_migrations FINAL").result_rows
    recorded = {str(name): str(checksum) for name, checksum in rows}
    return tuple(migration.name for migration in migrations if _run_if_missing(client, migration, recorded))


def _run_if_missing(client: Client, migration: DdlMigration, recorded: Mapping[str, str]) -> bool:
    checksum = recorded.get(migration.name)
    if checksum == migration.checksum:
        return False
    if checksum is not None and not migration.runs_when_changed:
        message = (
            f"schemas/clickhouse/{migration.name}.sql was changed after it had run on this database. "
            "Put it back as it was, and write the change as a migration with the next number."
        )
        raise ConfigurationError(message)
    _run_statements(client, migration)
    client.insert("schema_migrations", [(migration.name, migration.checksum)], column_names=("name", "checksum"))
    logger.info("Ran migration %s", migration.name)
    return True


def _run_statements(client: Client, migration: DdlMigration) -> None:
    for statement in migration.statements:
        client.command(statement)


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


@contextmanager
def _kafka_errors(settings: Settings) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        raise DependencyUnavailable("Kafka", settings.kafka_bootstrap_servers, str(error.args[0])) from error
