from __future__ import annotations

from jobs.backfill.plan import BackfillPlan
from jobs.history.bounded import BoundedEvents


def test_a_plan_travels_as_text() -> None:
    history = BoundedEvents("shopstream-backfill-abc-lake-events", {0: 5, 1: 0}, {0: 9, 1: 7})
    plan = BackfillPlan("abc", "analytics", ("sales_daily", "users_daily"), history)
    assert BackfillPlan.from_json(plan.to_json()) == plan
    assert [plan.shadow_topic(result) for result in plan.chosen()] == [
        "shopstream-backfill-abc-metrics-sales-daily",
        "shopstream-backfill-abc-metrics-users-daily",
    ]
