"""What a lag says."""

from __future__ import annotations

import pytest

from operations.lag import Lag


@pytest.mark.parametrize(
    ("lag", "stage", "words"),
    [
        (Lag(1200, 3, {}, {}), "ingest", "ingest has 1,200 records of the domain topics left to check"),
        (
            Lag(0, 3, {"analytics": 4}, {"ClickHouse": 5}),
            "open_transactions",
            "ingest has not committed 3 records that it wrote",
        ),
        (
            Lag(0, 0, {"analytics": 4, "feedback": 0, "trending": 1200}, {"ClickHouse": 5}),
            "jobs",
            "jobs have events left to read: analytics 4, trending 1,200",
        ),
        (
            Lag(0, 0, {"analytics": 0}, {"ClickHouse": 5, "Redis": 0}),
            "sinks",
            "sinks have records left to write: ClickHouse 5",
        ),
        (Lag(0, 0, {"analytics": 0}, {"ClickHouse": 0}), None, "everything is consumed"),
    ],
)
def test_the_first_stage_that_is_behind_is_named_with_its_count(lag: Lag, stage: str | None, words: str) -> None:
    assert lag.stage == stage
    assert lag.settled == (stage is None)
    assert str(lag) == words


def test_the_jobs_are_named_whose_checkpoint_may_bring_the_stage_on() -> None:
    assert Lag(1, 0, {"analytics": 4}, {}).jobs_behind == {"ingest"}
    assert Lag(0, 3, {"analytics": 4}, {}).jobs_behind == {"ingest"}
    assert Lag(0, 0, {"analytics": 4, "feedback": 0, "trending": 9}, {}).jobs_behind == {"analytics", "trending"}
    assert Lag(0, 0, {"analytics": 0}, {"ClickHouse": 5}).jobs_behind == frozenset()
