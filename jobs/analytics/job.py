"""Submit with ``./shop submit analytics``."""

from __future__ import annotations

from typing import Final

from jobs.sql_job import EXPIRING, SqlJob
from schemas.results import ANALYTICS
from schemas.settings import Settings

JOB: Final = SqlJob(
    name=ANALYTICS,
    event_fields=(
        "event_id",
        "event_type",
        "event_time",
        "user_id",
        "channel",
        "country",
        "product_id",
        "quantity",
        "search_query",
        "search_results",
        "currency",
        "value",
        "reason",
        "items",
    ),
    views=(
        "orders",
        "order_lines",
        "first_purchases",
        "buyers",
        "sales_deltas",
        "daily_sales_deltas",
        "revenue_parts",
        "product_deltas",
        "user_events",
        "active_users",
        "user_minutes",
        "minute_deltas",
        "first_events",
        "user_deltas",
        "search_deltas",
    ),
    options=EXPIRING,
)
plan: Final = JOB.plan

if __name__ == "__main__":
    plan(Settings()).submit()
