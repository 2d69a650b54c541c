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


def test_an_event_id_is_remembered_for_as_long_as_its_repetition_may_be_accepted() -> None:
    settings = Settings()

    assert settings.deduplication_seconds > settings.allowed_lateness_seconds + settings.topic_retention_seconds
