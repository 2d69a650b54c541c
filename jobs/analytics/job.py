"""Submit with ``./shop submit analytics``."""

from __future__ import annotations

from typing import Final

from jobs.identity import PERSON_VIEWS
from jobs.orders import ORDER_VIEWS
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
        "anonymous_id",
        "session_id",
        "source",
        "channel",
        "country",
        "product_id",
        "quantity",
        "search_query",
        "search_results",
        "order_id",
        "currency",
        "value",
        "tax",
        "shipping",
        "discount",
        "coupon",
        "reason",
        "items",
    ),
    shared_views={**PERSON_VIEWS, **ORDER_VIEWS},
    views=(
        "orders",
        "order_lines",
        "order_reports",
        "customer_order_deltas",
        "first_purchases",
        "buyers",
        "sales_deltas",
        "daily_sales_deltas",
        "revenue_parts",
        "product_deltas",
        "user_events",
        "appearances",
        "person_days",
        "user_minutes",
        "minute_deltas",
        "first_events",
        "first_appearances",
        "newcomers",
        "user_deltas",
        "search_deltas",
    ),
    options=EXPIRING,
)
plan: Final = JOB.plan

if __name__ == "__main__":
    plan(Settings()).submit()
