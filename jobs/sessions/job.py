"""Submit with ``./shop submit sessions``."""

from __future__ import annotations

from typing import Final

from jobs.sql_job import EXPIRING, NOT_WATCHED_LIVE, SqlJob
from schemas.results import SESSIONS
from schemas.settings import Settings

JOB: Final = SqlJob(
    name=SESSIONS,
    event_fields=(
        "event_id",
        "event_type",
        "event_time",
        "user_id",
        "source",
        "session_id",
        "device",
        "channel",
        "country",
        "page_url",
        "order_id",
        "currency",
        "value",
    ),
    views=(
        "session_purchases",
        "session_orders",
        "session_facts",
        "session_aggregates",
        "session_rows",
        "visitor_days",
    ),
    options={**EXPIRING, **NOT_WATCHED_LIVE},
)
plan: Final = JOB.plan

if __name__ == "__main__":
    plan(Settings()).submit()
