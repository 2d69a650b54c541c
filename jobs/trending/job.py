"""Submit with ``./shop submit trending``."""

from __future__ import annotations

from typing import Final

from jobs.interactions import EVENT_FIELDS, VIEWS
from jobs.sql_job import MINI_BATCHES, SqlJob
from schemas.results import PRODUCTS, TRENDING
from schemas.settings import Settings

IN_THE_HEAP: Final = {"state.backend.type": "hashmap"}
"""Whatever the settings say: ranking keeps all scores of a list in one value, which on disk is read and written as a
whole with every change. The largest state is a row for each user, product and hour."""

JOB: Final = SqlJob(
    name=TRENDING,
    event_fields=EVENT_FIELDS,
    shared_views=VIEWS,
    views=("demand", "demand_periods", "clock", "scores", "members", "best_members"),
    reads=(PRODUCTS,),
    options={**MINI_BATCHES, **IN_THE_HEAP, "table.exec.mini-batch.allow-latency": "1 s"},
)
plan: Final = JOB.plan

if __name__ == "__main__":
    plan(Settings()).submit()
