"""Binds ``events`` to all events there are up to a fixed offset."""

from __future__ import annotations

from pyflink.table import TableEnvironment

from jobs.history.bounded import BoundedEvents
from jobs.sql import load_sql
from jobs.tables import bounded_events_ddl, lake_events_ddl, view_ddl
from schemas.settings import Settings


def register_events(
    tables: TableEnvironment, settings: Settings, job: str, columns: tuple[str, ...], events: BoundedEvents
) -> None:
    """Register ``events``: all of them, with only the fields that the job reads."""
    tables.execute_sql(bounded_events_ddl(settings, job, columns, events.from_offsets, events.to_offsets))
    if events.lake_topic:
        tables.execute_sql(lake_events_ddl(settings, job, columns, events.lake_topic))
    sources = "all_events" if events.lake_topic else "kafka_events"
    tables.execute_sql(view_ddl("events", load_sql("jobs.history", sources)))
