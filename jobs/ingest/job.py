"""Submit with ``./shop submit ingest``."""

from __future__ import annotations

from collections.abc import Mapping

from pyflink.table import StatementSet, StreamTableEnvironment

from jobs.environment import NOTHING_RESTORED, stream_environment
from jobs.ingest.function import check_event_function
from jobs.planned import PlannedJob
from jobs.sql import load_sql
from jobs.starting_offsets import begin_where_the_group_stood
from jobs.tables import domain_events_ddl, failed_events_ddl, trusted_events_ddl
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, INGEST

NAME = INGEST


def options(settings: Settings) -> dict[str, str]:
    """What this job wants of Flink; no mini-batches, with which de-duplication would emit updates."""
    return {
        "table.exec.state.ttl": f"{settings.deduplication_seconds} s",
        "python.execution-mode": "process",
        "python.fn-execution.bundle.size": "20000",
        "python.fn-execution.bundle.time": "200",
        "python.fn-execution.arrow.batch.size": "10000",
    }


def register_tables(tables: StreamTableEnvironment, settings: Settings) -> None:
    """Register ``domain_events`` and both outputs, as Kafka has them."""
    tables.execute_sql(domain_events_ddl(settings, NAME))
    tables.execute_sql(trusted_events_ddl(settings, NAME))
    tables.execute_sql(failed_events_ddl(settings, NAME))


def register_inputs(tables: StreamTableEnvironment, settings: Settings) -> None:
    """Register the check and the view that both outputs read.

    The view is made of a Table object: one node of the plan, so that the records are checked once and not once for
    each output.
    """
    tables.create_temporary_system_function("check_event", check_event_function(settings))
    tables.create_temporary_view("checked_events", tables.sql_query(load_sql("jobs.ingest", "checked_events")))


def statements(tables: StreamTableEnvironment) -> StatementSet:
    """From ``domain_events`` to ``trusted_events`` and ``failed_events``."""
    inserts = tables.create_statement_set()
    for sink in ("trusted_events", "failed_events"):
        inserts.add_insert(sink, tables.sql_query(load_sql("jobs.ingest", sink)))
    return inserts


def plan(settings: Settings, restore: Mapping[str, str] = NOTHING_RESTORED) -> PlannedJob:
    """Wire the job to Kafka and plan it; ``restore`` holds Flink's options for what it goes on from."""
    environment = stream_environment(settings, NAME, {**options(settings), **restore})
    tables = StreamTableEnvironment.create(environment)
    register_tables(tables, settings)
    register_inputs(tables, settings)
    statements(tables).attach_as_datastream()
    return PlannedJob(NAME, environment, lambda: begin_where_the_group_stood(tables, settings, NAME, DOMAIN_TOPICS))


if __name__ == "__main__":
    plan(Settings()).submit()
