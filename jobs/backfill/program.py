"""Submitted by ``./shop backfill`` with its plan as the only argument."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Final

from jobs.backfill.plan import BackfillPlan
from jobs.environment import streaming_environment
from jobs.history.tables import register_events
from jobs.sql_job import SqlJob, sql_job_options
from jobs.tables import shadow_result_ddl
from schemas.settings import Settings

ON_DISK: Final[Mapping[str, str]] = {"state.backend.type": "rocksdb"}
"""Whatever the live jobs do: the state of all history at once has no place in the memory that they need."""


def run(settings: Settings, plan: BackfillPlan) -> None:
    """Compute the plan's results from its events and start the job."""
    job: SqlJob = import_module(f"jobs.{plan.job}.job").JOB
    tables = streaming_environment(settings, plan.name, {**sql_job_options(settings, job.options), **ON_DISK})
    register_events(tables, settings, plan.name, job.event_fields, plan.history)
    for result in plan.chosen():
        tables.execute_sql(shadow_result_ddl(settings, result, plan.shadow_topic(result)))
    job.register_views(tables)
    inserts = tables.create_statement_set()
    for result in plan.chosen():
        inserts.add_insert(result.name, job.query(tables, result))
    inserts.execute()


if __name__ == "__main__":
    run(Settings(), BackfillPlan.from_json(sys.argv[1]))
