from __future__ import annotations

import pytest

from flink.cluster import JobHealth
from local.processes import ProcessId
from local.state import PlatformState
from local.status import problem_of

DELETED = "org.apache.kafka.clients.consumer.OffsetOutOfRangeException: Fetch position {offset=100} is out of range"
STATE = PlatformState(ProcessId(1, 0.0), 19_000, job_problems={"analytics": "Flink refuses it"})


def health(last_failure: str) -> JobHealth:
    return JobHealth(restarts=3, checkpoints=7, last_checkpoint_ms=None, last_failure=last_failure)


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
