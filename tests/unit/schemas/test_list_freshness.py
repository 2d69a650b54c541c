"""How long lists take, counted in buckets: the percentiles are those of the seconds themselves, within the growth."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.list_freshness import FIRST_SECONDS, GROWTH, MINUTES, MOST_SECONDS, field_of, freshness_of, minute_of

NOW = 29_000_000


def counted(seconds: Sequence[float], minute: int = NOW) -> Counter[str]:
    return Counter(field_of(minute, each) for each in seconds)


@given(st.lists(st.floats(FIRST_SECONDS, MOST_SECONDS), min_size=1, max_size=300))
def test_a_percentile_is_at_most_a_bucket_s_growth_too_large(seconds: list[float]) -> None:
    freshness = freshness_of(counted(seconds), NOW)
    ordered = sorted(seconds)

    assert (freshness.lists, freshness.older) == (len(seconds), 0)
    for share, shown in ((0.5, freshness.p50_seconds), (0.99, freshness.p99_seconds)):
        exact = ordered[math.ceil(share * len(ordered)) - 1]
        assert shown is not None
        assert exact * (1 - 1e-5) <= shown <= exact * GROWTH * (1 + 1e-5)


def test_only_the_last_minutes_count() -> None:
    counts = counted([1.0], NOW - MINUTES) + counted([2.0] * 3, NOW - MINUTES + 1) + counted([2.0], NOW)
    freshness = freshness_of(counts, NOW)

    assert freshness.lists == 4
    assert freshness.p50_seconds == freshness.p99_seconds == pytest.approx(2.0, rel=GROWTH - 1)
    assert freshness_of(counts, NOW + MINUTES).lists == 0


def test_lists_of_older_events_stand_beside_the_percentiles() -> None:
    freshness = freshness_of(counted([0.5, MOST_SECONDS + 1, 1e9]), NOW)

    assert (freshness.lists, freshness.older) == (1, 2)
    assert freshness.p99_seconds == pytest.approx(0.5, rel=GROWTH - 1)


def test_without_a_list_there_is_no_percentile() -> None:
    freshness = freshness_of({}, NOW)
    assert (freshness.lists, freshness.p50_seconds, freshness.p99_seconds) == (0, None, None)


@pytest.mark.parametrize("seconds", [-3.0, 0.0, FIRST_SECONDS])
def test_an_event_of_a_clock_that_is_ahead_is_in_the_first_bucket(seconds: float) -> None:
    assert field_of(NOW, seconds) == f"{NOW}:0"


def test_a_field_names_its_minute() -> None:
    assert minute_of(field_of(NOW, 1.5)) == minute_of(field_of(NOW, 1e9)) == NOW
