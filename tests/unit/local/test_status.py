from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from flink.cluster import JobHealth
from local.processes import ProcessId
from local.state import PlatformState
from local.status import problem_of, warnings_of
from recommender.publishing.active import ActiveModel
from schemas.settings import Settings

DELETED = "org.apache.kafka.clients.consumer.OffsetOutOfRangeException: Fetch position {offset=100} is out of range"
STATE = PlatformState(ProcessId(1, 0.0), 19_000, job_problems={"analytics": "Flink refuses it"})


def health(last_failure: str) -> JobHealth:
    return JobHealth(restarts=3, checkpoints=7, last_checkpoint_ms=None, last_failure=last_failure)


def test_a_model_is_warned_of_from_the_age_that_is_set() -> None:
    settings = Settings(recommendation_model_max_age_seconds=86_400)
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)

    def warnings(hours: int | None) -> tuple[str, ...]:
        made_at = None if hours is None else now - timedelta(hours=hours)
        return warnings_of(ActiveModel("m1", made_at), settings, now)

    assert (warnings(24), warnings(None), warnings_of(None, settings, now)) == ((), (), ())
    assert "m1 was made 25 hours ago" in warnings(25)[0]
    assert "m1 was made 3 days ago" in warnings(72)[0]


@pytest.mark.parametrize("job_health", [None, health(""), health("java.lang.RuntimeException: it was killed")])
def test_a_job_says_what_keeps_it_from_running(job_health: JobHealth | None) -> None:
    assert problem_of("analytics", STATE, job_health) == "Flink refuses it"
    assert problem_of("ingest", STATE, job_health) == ""


def test_a_job_whose_records_are_deleted_says_what_to_do() -> None:
    problem = problem_of("sessions", STATE, health(DELETED))
    assert problem.startswith("Kafka has deleted what it was to read next")
    assert "offset=100" in problem
    assert "SHOP_KAFKA_GAPS=accept ./shop submit sessions" in problem
    assert "sent" not in problem
    assert "send those events again" in problem_of("ingest", STATE, health(DELETED))


@pytest.mark.parametrize("module", ["local.status", "local.supervisor"])
def test_who_looks_at_a_platform_or_supervises_it_loads_no_arrow(module: str) -> None:
    """It would be half of what ``./shop status`` costs, and stay in the supervisor's memory."""
    loaded = f"import sys, {module}; print([name for name in ('pyarrow', 'numpy') if name in sys.modules])"
    asked = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, timeout=120, check=True)
    assert asked.stdout == "[]\n"
