from __future__ import annotations

import re

import pytest

from jobs.sql import load_sql
from schemas.results import RESULTS
from schemas.settings import DAY_SECONDS, Settings

HINT = re.compile(r"STATE_TTL\('(\w+)' = '(\d+) d'\)")


@pytest.mark.parametrize("result", [result.name for result in RESULTS])
def test_the_state_of_a_result_outlives_every_event_that_may_still_come(result: str) -> None:
    settings = Settings()
    period_seconds = DAY_SECONDS
    longest_stop_seconds = settings.topic_retention_seconds

    (hint,) = HINT.findall(load_sql("jobs.analytics", result))

    assert int(hint[1]) * DAY_SECONDS > settings.allowed_lateness_seconds + longest_stop_seconds + period_seconds


def test_an_event_id_is_remembered_for_as_long_as_its_repetition_may_be_accepted() -> None:
    settings = Settings()

    assert settings.deduplication_seconds > settings.allowed_lateness_seconds + settings.topic_retention_seconds
