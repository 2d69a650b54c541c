"""What a lag says."""

from __future__ import annotations

import pytest

from operations.lag import Lag


@pytest.mark.parametrize(
    ("lag", "stage", "words"),
    [
        (Lag(1200, 3, 0, 0), "ingest", "ingest has 1,200 records of the domain topics left to check"),
        (Lag(0, 3, 4, 5), "open_transactions", "ingest has not committed 3 records that it wrote"),
        (Lag(0, 0, 4, 5), "metrics", "the jobs that compute metrics have 4 events left to read"),
        (Lag(0, 0, 0, 5), "sink", "the ClickHouse sink has 5 records left to insert"),
        (Lag(0, 0, 0, 0), None, "everything is consumed"),
    ],
)
def test_the_first_stage_that_is_behind_is_named_with_its_count(lag: Lag, stage: str | None, words: str) -> None:
    assert lag.stage == stage
    assert lag.settled == (stage is None)
    assert str(lag) == words
