"""Connector DDL: how the tables that the ``.sql`` files name are bound to Kafka. Nothing else splices SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from pyflink.table import TableEnvironment

from jobs.sql import load_sql
from schemas.codec import load_schema, schema_text
from schemas.results import Result
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, EVENTS, FAILED_EVENTS, consumer_group

_READING: Final = {
    "properties.isolation.level": "read_committed",
    "properties.fetch.max.wait.ms": "2000",  # Kafka answers as soon as there is a record; less often where none comes
}
FROM_THE_BEGINNING: Final[dict[str, str]] = {"scan.startup.mode": "earliest-offset"}
"""Reads what Kafka holds; what it has deleted is passed over in silence."""

_FOLDED: Final = {"sink.buffer-flush.max-rows": "20000", "sink.buffer-flush.interval": "200 ms"}
"""For a result whose rows move: Flink takes each row back before it writes the next, of which only the last is sent."""

STOPS_AT_DELETED_RECORDS: Final[dict[str, str]] = {
    "scan.startup.mode": "group-offsets",
    "properties.auto.offset.reset": "none",
}
"""Fails where Kafka has deleted what is to be read next; where to begin is set by ``jobs.starting_offsets``."""

ACCEPTS_DELETED_RECORDS: Final[dict[str, str]] = STOPS_AT_DELETED_RECORDS | {"properties.auto.offset.reset": "earliest"}


def domain_events_ddl(settings: Settings, job: str) -> str:
    """``domain_events``: every record of the domain topics, bytes untouched, with where and when it came."""
    return _create(
        "domain_events",
        [
            "record_key BYTES",
            "record_value BYTES",
            "`topic` STRING METADATA VIRTUAL",
            "`partition` INT METADATA VIRTUAL",
            "`offset` BIGINT METADATA VIRTUAL",
            "`timestamp` TIMESTAMP_LTZ(3) METADATA VIRTUAL",
            "`headers` MAP<STRING, BYTES> METADATA VIRTUAL",
            "processed_at AS PROCTIME()",
        ],
        _source(settings, job, DOMAIN_TOPICS) | on_deleted_records(settings) | _raw_key_and_value(),
    )


def trusted_events_ddl(settings: Settings, job: str) -> str:
    """``trusted_events``: the sink into ``events``, exactly once."""
    columns = ["record_key BYTES", "record_value BYTES"]
    return _create("trusted_events", columns, _transactional_sink(settings, job, EVENTS) | _raw_key_and_value())


def failed_events_ddl(settings: Settings, job: str) -> str:
    """``failed_events``: the sink into ``failed-events``, exactly once, headers included."""
    columns = ["record_key BYTES", "record_value BYTES", "`headers` MAP<STRING, BYTES> METADATA"]
    return _create("failed_events", columns, _transactional_sink(settings, job, FAILED_EVENTS) | _raw_key_and_value())


def on_deleted_records(settings: Settings) -> dict[str, str]:
    """What a job that runs for good does where Kafka has deleted what it has not read."""
    return ACCEPTS_DELETED_RECORDS if settings.kafka_gaps == "accept" else STOPS_AT_DELETED_RECORDS


def events_ddl(
    settings: Settings, job: str, columns: Collection[str], start: dict[str, str] = FROM_THE_BEGINNING
) -> str:
    """``events``: the trusted events, with only the fields that the job reads, for each field costs its decoding.

    ``event_time`` is epoch milliseconds; ``event_at`` the same instant as a TIMESTAMP_LTZ, whose date and hour are
    those of the shop's time zone. ``processed_at`` is in no result: it is for keeping the first row of a key,
    whose state is the key alone.
    """
    options = _source(settings, job, (EVENTS,)) | start | _avro(settings)
    return _create("events", job_columns(settings, columns), options)


def files_ddl(name: str, columns: Iterable[str], folder_url: str) -> str:
    """A sink of CSV files without a header in a folder; Flink takes its path as it stands, a blank included."""
    options = {"connector": "filesystem", "path": unquote(folder_url), "format": "csv"}
    return _create(name, list(columns), options)


def bounded_events_ddl(
    settings: Settings, job: str, columns: Collection[str], first: Mapping[int, int], end: Mapping[int, int]
) -> str:
    """``kafka_events``: the trusted events from the first offset of each partition up to its end."""
    bounds = {
        "scan.startup.mode": "specific-offsets",
        "scan.startup.specific-offsets": _offsets(first),
        "scan.bounded.mode": "specific-offsets",
        "scan.bounded.specific-offsets": _offsets(end),
    }
    options = _source(settings, job, (EVENTS,)) | bounds | _avro(settings)
    return _create("kafka_events", job_columns(settings, columns), options)


def lake_events_ddl(settings: Settings, job: str, columns: Collection[str], topic: str) -> str:
    """``lake_events``: events of the lake, all of which a topic holds."""
    bounds = {"scan.bounded.mode": "latest-offset"}
    options = _source(settings, job, (topic,)) | bounds | _avro(settings)
    return _create("lake_events", job_columns(settings, columns), options)


def job_columns(settings: Settings, columns: Collection[str]) -> list[str]:
    """Column definitions of ``events`` for some fields of ShopEvent, with those that settings decide."""
    return event_columns(columns) + money_columns(settings, columns)


def money_columns(settings: Settings, columns: Collection[str]) -> list[str]:
    """Computed columns by which settings decide how orders and money are counted, for a job that reads what they need.

    ``order_key`` is the same for all reports of one order. ``source_rank`` is 0 for the most trusted source of them and
    greatest for sources that are not listed. ``tax_on_top`` is the tax that ``value`` does not contain.
    """
    computed = []
    if {"source", "order_id"} <= set(columns):
        computed.append(f"order_key AS {'COALESCE(order_id, event_id)' if settings.fold_orders else 'event_id'}")
        computed.append(f"source_rank AS {_source_rank(settings.ranked_order_sources)}")
    if "tax" in columns:
        on_top = "CAST(0 AS DECIMAL(18, 4))" if settings.prices_include_tax else "COALESCE(tax, 0)"
        computed.append(f"tax_on_top AS {on_top}")
    return computed


def _source_rank(sources: tuple[str, ...]) -> str:
    ranks = "".join(f" WHEN {_literal(source)} THEN {rank}" for rank, source in enumerate(sources))
    return f"CASE `source`{ranks} ELSE {len(sources)} END" if sources else "0"


def event_columns(columns: Iterable[str]) -> list[str]:
    """Column definitions of ``events`` for some fields of ShopEvent."""
    types = {field["name"]: field["type"] for field in load_schema("shop_event")["fields"]}
    declared = [f"`{name}` {_event_type(types[name])}" for name in columns]
    return [*declared, "event_at AS TO_TIMESTAMP_LTZ(event_time, 3)", "processed_at AS PROCTIME()"]


def result_ddl(settings: Settings, result: Result, reader: str = "") -> str:
    """A result's upsert topic, typed by its Avro schema and registered under it; a job that reads it names itself."""
    group = {"properties.group.id": consumer_group(reader)} | _READING if reader else {}
    return _upsert(settings, result, result.topic, group)


def shadow_result_ddl(settings: Settings, result: Result, topic: str) -> str:
    """A result under its own name, written to another topic; its schemas are registered under the result's subjects."""
    subjects = {
        "key.avro-confluent.subject": f"{result.topic}-key",
        "value.avro-confluent.subject": f"{result.topic}-value",
    }
    return _upsert(settings, result, topic, subjects)


def result_columns(result: Result) -> list[str]:
    """Column definitions of a result table."""
    return [f"`{field['name']}` {_flink_type(field['type'])}" for field in load_schema(result.name)["fields"]]


def discarded_ddl(name: str, columns: Iterable[str]) -> str:
    """A sink that drops its rows: for a query that works by the side effect of its function."""
    return _create(name, list(columns), {"connector": "blackhole"})


def view_ddl(name: str, query: str) -> str:
    """A view by its text.

    A view made of a Table object instead is one node of the plan wherever it is read, and Flink 2.3 cannot plan an
    UNNEST in such a shared node; of equal texts it still computes the common part once.
    """
    return f"CREATE TEMPORARY VIEW {name} AS\n{query}"


def register_views(tables: TableEnvironment, package: str, views: Iterable[str]) -> None:
    """Register views of a package by their names, in an order in which they build on each other."""
    for view in views:
        tables.execute_sql(view_ddl(view, load_sql(package, view)))


def _upsert(settings: Settings, result: Result, topic: str, options: dict[str, str]) -> str:
    return _create(
        result.name,
        [*result_columns(result), f"PRIMARY KEY ({', '.join(f'`{name}`' for name in result.key)}) NOT ENFORCED"],
        {
            "connector": "upsert-kafka",
            "topic": topic,
            "properties.bootstrap.servers": settings.kafka_bootstrap_servers,
            "properties.compression.type": "lz4",
            "properties.linger.ms": "100",
            "properties.batch.size": "131072",
            "value.avro-confluent.schema": schema_text(result.name),
        }
        | options
        | (_FOLDED if result.moves else {})
        | _avro(settings, prefix="key.")
        | _avro(settings, prefix="value."),
    )


def _offsets(offsets: Mapping[int, int]) -> str:
    return ";".join(f"partition:{partition},offset:{offset}" for partition, offset in offsets.items())


def _source(settings: Settings, job: str, topics: Iterable[str]) -> dict[str, str]:
    return {
        "connector": "kafka",
        "topic": ";".join(topics),
        "properties.bootstrap.servers": settings.kafka_bootstrap_servers,
        "properties.group.id": consumer_group(job),
        **FROM_THE_BEGINNING,
    } | _READING


def _transactional_sink(settings: Settings, job: str, topic: str) -> dict[str, str]:
    return {
        "connector": "kafka",
        "topic": topic,
        "properties.bootstrap.servers": settings.kafka_bootstrap_servers,
        "properties.compression.type": "lz4",
        "properties.linger.ms": "20",
        "properties.transaction.timeout.ms": str(settings.transaction_timeout_ms),
        "sink.delivery-guarantee": "exactly-once",
        "sink.transactional-id-prefix": f"shopstream-{job}-{topic}",
    }


def _raw_key_and_value() -> dict[str, str]:
    return {
        "key.format": "raw",
        "key.fields": "record_key",
        "value.format": "raw",
        "value.fields-include": "EXCEPT_KEY",
    }


def _avro(settings: Settings, prefix: str = "") -> dict[str, str]:
    """The format of framed Avro, and the registry that has its schemas."""
    options = {"format": "avro-confluent", "avro-confluent.url": settings.registry_url}
    if settings.registry_user:
        user_info = f"{settings.registry_user}:{settings.registry_password.get_secret_value()}"
        options["avro-confluent.basic-auth.credentials-source"] = "USER_INFO"
        options["avro-confluent.basic-auth.user-info"] = user_info
    return {f"{prefix}{name}": value for name, value in options.items()}


def _create(name: str, columns: list[str], options: dict[str, str]) -> str:
    body = ",\n  ".join(columns)
    bound = ",\n  ".join(f"'{key}' = {_literal(value)}" for key, value in options.items())
    return f"CREATE TEMPORARY TABLE {name} (\n  {body}\n) WITH (\n  {bound}\n)"


def _literal(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _event_type(avro: Any) -> str:
    """As ``_flink_type``, but times stay epoch milliseconds: an instant has no time zone to get wrong."""
    if isinstance(avro, dict) and avro.get("logicalType") == "timestamp-millis":
        return "BIGINT NOT NULL"
    return _flink_type(avro)


def _flink_type(avro: Any) -> str:
    """Flink's SQL type of an Avro type."""
    if isinstance(avro, list):
        (inner,) = [branch for branch in avro if branch != "null"]
        return _flink_type(inner).removesuffix(" NOT NULL")
    return f"{_not_null(avro)} NOT NULL"


def _not_null(avro: Any) -> str:
    if isinstance(avro, str):
        return {"string": "STRING", "long": "BIGINT", "int": "INT", "double": "DOUBLE", "boolean": "BOOLEAN"}[avro]
    match avro:
        case {"logicalType": "decimal", "precision": precision, "scale": scale}:
            return f"DECIMAL({precision}, {scale})"
        case {"logicalType": "date"}:
            return "DATE"
        case {"logicalType": "timestamp-millis"}:
            return "TIMESTAMP(3)"
        case {"type": "array", "items": item}:
            return f"ARRAY<{_flink_type(item)}>"
        case {"type": "record", "fields": fields}:
            columns = [f"`{field['name']}` {_flink_type(field['type'])}" for field in fields]
            return f"ROW<{', '.join(columns)}>"
        case {"type": "map", "values": values}:
            return f"MAP<STRING NOT NULL, {_flink_type(values)}>"
        case _:
            message = f"No SQL type is known for the Avro type {avro!r}"
            raise ValueError(message)
