from __future__ import annotations

from jobs.backfill.plan import BackfillPlan


def test_a_plan_travels_as_text() -> None:
    plan = BackfillPlan("abc", "analytics", ("sales_daily", "users_daily"), "backfill-abc-events", {0: 5}, {0: 9, 1: 7})
    assert BackfillPlan.from_json(plan.to_json()) == plan
    assert [plan.shadow_topic(result) for result in plan.chosen()] == [
        "backfill-abc-metrics-sales-daily",
        "backfill-abc-metrics-users-daily",
    ]
