from __future__ import annotations

import re
from pathlib import Path

import pytest

from jobs.sql import DURATIONS, load_sql, with_durations
from schemas.settings import DAY_SECONDS, Settings

HINT = re.compile(r"'\w+' = '(\w+)'")


JOBS = Path(__file__).parents[3] / "jobs"
HINTED = sorted(path for path in JOBS.rglob("*.sql") if "STATE_TTL(" in path.read_text())
EXPIRING = sorted(
    {*HINTED, *(path for job in ("analytics", "sessions", "feedback") for path in JOBS.glob(f"{job}/**/*.sql"))}
)


@pytest.mark.parametrize("duration", [name for name in DURATIONS if name != "FOR_EVER"])
def test_state_outlives_every_event_that_may_still_come(duration: str) -> None:
    settings = Settings()
    period_seconds = DAY_SECONDS
    longest_stop_seconds = settings.topic_retention_seconds

    days = int(DURATIONS[duration].removesuffix(" d"))

    assert days * DAY_SECONDS > settings.allowed_lateness_seconds + longest_stop_seconds + period_seconds


@pytest.mark.parametrize("query", HINTED, ids=lambda path: path.stem)
def test_a_hint_names_a_duration(query: Path) -> None:
    text = query.read_text()

    assert HINT.findall(text)
    assert set(HINT.findall(text)) <= DURATIONS.keys()


@pytest.mark.parametrize("query", EXPIRING, ids=lambda path: path.stem)
def test_no_expiring_state_is_a_map_of_distinct_values(query: Path) -> None:
    """Each access would cost the size of the whole map: count the rows of a GROUP BY instead (ADR 0002)."""
    assert not re.search(r"\(\s*DISTINCT\b", query.read_text(), re.IGNORECASE)


def test_the_literal_of_a_duration_is_put_into_the_hints_and_nowhere_else() -> None:
    query = (
        "SELECT /*+ STATE_TTL('a' = 'PERIOD_STATE_TTL', 'b' = 'RETURNS_STATE_TTL') */ c FROM a, b WHERE d = 'PERIOD'"
    )

    assert with_durations(query) == "SELECT /*+ STATE_TTL('a' = '30 d', 'b' = '60 d') */ c FROM a, b WHERE d = 'PERIOD'"
    assert f"'demand' = '{DURATIONS['DEMAND_STATE_TTL']}'" in load_sql("jobs.trending", "product_demand")


def test_a_duration_that_there_is_not_is_an_error() -> None:
    with pytest.raises(KeyError, match="NO_SUCH_TTL"):
        with_durations("SELECT /*+ STATE_TTL('a' = 'NO_SUCH_TTL') */ b FROM a")


def test_an_event_id_is_remembered_for_as_long_as_its_repetition_may_be_accepted() -> None:
    settings = Settings()

    assert settings.deduplication_seconds > settings.allowed_lateness_seconds + settings.topic_retention_seconds
