from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.settings import DAY_SECONDS, Settings

HINT = re.compile(r"'\w+' = '(\d+) d'")


JOBS = Path(__file__).parents[3] / "jobs"
HINTED = sorted(path for path in JOBS.rglob("*.sql") if "STATE_TTL" in path.read_text())


@pytest.mark.parametrize("query", HINTED, ids=lambda path: path.stem)
def test_state_outlives_every_event_that_may_still_come(query: Path) -> None:
    settings = Settings()
    period_seconds = DAY_SECONDS
    longest_stop_seconds = settings.topic_retention_seconds

    days = min(map(int, HINT.findall(query.read_text())))

    assert days * DAY_SECONDS > settings.allowed_lateness_seconds + longest_stop_seconds + period_seconds


@pytest.mark.parametrize("query", HINTED, ids=lambda path: path.stem)
def test_no_expiring_state_is_a_map_of_distinct_values(query: Path) -> None:
    """Each access would cost the size of the whole map: count the rows of a GROUP BY instead (ADR 0002)."""
    assert not re.search(r"\(\s*DISTINCT\b", query.read_text(), re.IGNORECASE)


def test_an_event_id_is_remembered_for_as_long_as_its_repetition_may_be_accepted() -> None:
    settings = Settings()

    assert settings.deduplication_seconds > settings.allowed_lateness_seconds + settings.topic_retention_seconds
