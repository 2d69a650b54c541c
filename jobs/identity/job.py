"""Submit with ``./shop submit identity``."""

from __future__ import annotations

from typing import Final

from jobs.identity import LINK_FIELDS
from jobs.sql_job import EXPIRING, NOT_WATCHED_LIVE, SqlJob
from schemas.results import IDENTITY
from schemas.settings import Settings

JOB: Final = SqlJob(
    name=IDENTITY,
    event_fields=LINK_FIELDS,
    views=("identity_changes",),
    options={**EXPIRING, **NOT_WATCHED_LIVE},
)
plan: Final = JOB.plan

if __name__ == "__main__":
    plan(Settings()).submit()
