"""Submit with ``./shop submit personalise``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pyflink.table import StatementSet, StreamTableEnvironment

from jobs.environment import NOTHING_RESTORED, stream_environment
from jobs.personalise.function import keep_fresh_function
from jobs.planned import PlannedJob
from jobs.sql import load_sql
from jobs.starting_offsets import begin_anew
from jobs.tables import discarded_ddl, events_ddl, on_deleted_records, view_ddl
from schemas.settings import Settings
from schemas.topics import EVENTS

NAME: Final = "personalise"
EVENT_FIELDS: Final = (
    "event_id",
    "event_type",
    "event_time",
    "user_id",
    "anonymous_id",
    "session_id",
    "product_id",
    "order_id",
    "value",
    "items",
)


def options(settings: Settings) -> dict[str, str]:
    """What this job wants of Flink.

    A bundle is a batch: the events of a tenth of a second are written to Redis together. They do not wait for a
    checkpoint, which says no more than where the job goes on after a failure.
    """
    return {
        "execution.checkpointing.interval": f"{settings.metrics_checkpoint_interval_ms} ms",
        "python.execution-mode": "process",
        "python.fn-execution.bundle.size": "10000",
        "python.fn-execution.bundle.time": "100",
        "python.fn-execution.arrow.batch.size": "10000",
    }


def register_tables(tables: StreamTableEnvironment, settings: Settings) -> None:
    """Register ``events`` as Kafka has them, and where the rows go that the function returns."""
    tables.execute_sql(events_ddl(settings, NAME, EVENT_FIELDS, on_deleted_records(settings)))
    tables.execute_sql(discarded_ddl("fresh_lists", ["lists BIGINT"]))


def register_inputs(tables: StreamTableEnvironment, settings: Settings) -> None:
    """Register the function and the view that it reads, over a table ``events``."""
    tables.create_temporary_system_function("keep_fresh", keep_fresh_function(settings))
    tables.execute_sql(view_ddl("interactions", load_sql("jobs.personalise", "interactions")))


def statements(tables: StreamTableEnvironment) -> StatementSet:
    """From ``events`` to Redis; the rows that the function returns are discarded."""
    inserts = tables.create_statement_set()
    inserts.add_insert("fresh_lists", tables.sql_query(load_sql("jobs.personalise", "fresh_lists")))
    return inserts


def plan(settings: Settings, restore: Mapping[str, str] = NOTHING_RESTORED) -> PlannedJob:
    """Wire the job to Kafka and plan it; ``restore`` holds Flink's options for what it goes on from."""
    environment = stream_environment(settings, NAME, {**options(settings), **restore})
    tables = StreamTableEnvironment.create(environment)
    register_tables(tables, settings)
    register_inputs(tables, settings)
    statements(tables).attach_as_datastream()
    return PlannedJob(NAME, environment, lambda: begin_anew(tables, settings, NAME, (EVENTS,)))


if __name__ == "__main__":
    plan(Settings()).submit()
