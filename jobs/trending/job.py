"""Submit with ``./shop submit trending``."""

from __future__ import annotations

from typing import Final

from jobs.interactions import EVENT_FIELDS, INTERACTION_VIEWS
from jobs.sql import LATE_STATE_TTL
from jobs.sql_job import MINI_BATCHES, SqlJob
from schemas.results import TRENDING
from schemas.settings import Settings

JOB: Final = SqlJob(
    name=TRENDING,
    event_fields=EVENT_FIELDS,
    shared_views=INTERACTION_VIEWS,
    views=("looks", "clock", "demand"),
    options={**MINI_BATCHES, "table.exec.state.ttl": LATE_STATE_TTL, "table.exec.mini-batch.allow-latency": "1 s"},
)
plan: Final = JOB.plan

if __name__ == "__main__":
    plan(Settings()).submit()
