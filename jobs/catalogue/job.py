"""Submit with ``./shop submit catalogue``."""

from __future__ import annotations

from typing import Final

from jobs.sql_job import SqlJob
from schemas.results import CATALOGUE
from schemas.settings import Settings

JOB: Final = SqlJob(
    name=CATALOGUE,
    event_fields=(
        "event_id",
        "event_type",
        "event_time",
        "product_id",
        "product_title",
        "category",
        "brand",
        "price",
        "quantity",
        "stock",
        "currency",
        "visibility",
        "items",
    ),
    views=("product_observations", "known_products", "stock_levels", "stock_changes", "stocks"),
)
plan: Final = JOB.plan

if __name__ == "__main__":
    plan(Settings()).submit()
