"""Flink programs of the benchmark: ``floor`` reads ``events`` and drops it, ``daily`` computes the daily results."""

from __future__ import annotations

import sys

from pyflink.table.expressions import col

from jobs.analytics.job import JOB
from jobs.environment import streaming_environment
from jobs.sql_job import sql_job_options
from jobs.tables import events_ddl, result_ddl
from schemas.settings import Settings

NOT_DAILY = ("sales_minutely", "activity_minutely", "folded_orders", "sales_booked_daily", "coupons_daily")
"""What the peers do not compute."""


def floor(settings: Settings, name: str) -> None:
    """The fields that analytics reads, into nothing."""
    tables = streaming_environment(settings, name, {})
    tables.execute_sql(events_ddl(settings, name, JOB.event_fields))
    tables.execute_sql("CREATE TEMPORARY TABLE nowhere WITH ('connector' = 'blackhole') LIKE events (EXCLUDING ALL)")
    tables.from_path("events").select(*map(col, JOB.event_fields)).execute_insert("nowhere")


def daily(settings: Settings, name: str) -> None:
    """What the peers compute."""
    tables = streaming_environment(settings, name, sql_job_options(settings))
    tables.execute_sql(events_ddl(settings, name, JOB.event_fields))
    JOB.register_views(tables)
    inserts = tables.create_statement_set()
    for result in JOB.results:
        if result.name not in NOT_DAILY:
            tables.execute_sql(result_ddl(settings, result))
            inserts.add_insert(result.name, JOB.query(tables, result))
    inserts.execute()


if __name__ == "__main__":
    program = {"floor": floor, "daily": daily}[sys.argv[1]]
    program(Settings(), f"bench-{sys.argv[1]}")
