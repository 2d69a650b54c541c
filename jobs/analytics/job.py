"""Submit with ``./shop submit analytics``."""

from __future__ import annotations

from typing import Final

from jobs.sql_job import MetricsJob
from schemas.results import ANALYTICS
from schemas.settings import Settings

JOB: Final = MetricsJob(
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
        "sales_movements",
        "daily_sales_movements",
        "revenue_parts",
        "product_movements",
        "user_events",
        "user_activity",
        "user_minutes",
        "first_events",
        "user_movements",
        "search_movements",
    ),
)
plan: Final = JOB.plan

if __name__ == "__main__":
    plan(Settings()).submit()
