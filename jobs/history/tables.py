"""Binds ``events`` to a stretch of history."""

from __future__ import annotations

from pyflink.table import TableEnvironment

from jobs.history.stretch import Stretch
from jobs.sql import load_sql
from jobs.tables import lake_events_ddl, stretch_of_events_ddl, view_ddl
from schemas.settings import Settings


def register_events(
    tables: TableEnvironment, settings: Settings, job: str, columns: tuple[str, ...], stretch: Stretch
) -> None:
    """Register ``events``: all of the stretch, with only the fields that the job reads."""
    tables.execute_sql(stretch_of_events_ddl(settings, job, columns, stretch.from_offsets, stretch.to_offsets))
    if stretch.lake_topic:
        tables.execute_sql(lake_events_ddl(settings, job, columns, stretch.lake_topic))
    sources = "all_events" if stretch.lake_topic else "kafka_events"
    tables.execute_sql(view_ddl("events", load_sql("jobs.history", sources)))
