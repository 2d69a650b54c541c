"""Submit with ``./shop submit feedback``."""

from __future__ import annotations

from typing import Final

from jobs.orders import ORDER_VIEWS
from jobs.sql_job import EXPIRING, NOT_WATCHED_LIVE, SqlJob
from schemas.results import FEEDBACK
from schemas.settings import Settings

JOB: Final = SqlJob(
    name=FEEDBACK,
    event_fields=(
        "event_id",
        "event_type",
        "event_time",
        "user_id",
        "source",
        "product_id",
        "position",
        "order_id",
        "currency",
        "value",
        "model_version",
        "recommendation_source",
        "experiment_arm",
        "items",
    ),
    shared_views=ORDER_VIEWS,
    views=(
        "touches",
        "order_products",
        "attributed_products",
        "order_returns",
        "impressions",
        "coverage_deltas",
        "activity_deltas",
        "revenue_deltas",
    ),
    options={**EXPIRING, **NOT_WATCHED_LIVE},
)
plan: Final = JOB.plan

if __name__ == "__main__":
    plan(Settings()).submit()
