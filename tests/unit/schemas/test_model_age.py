from __future__ import annotations

from datetime import UTC, datetime, timedelta

from schemas.model_age import age_warning

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR = 3600


def test_a_model_is_warned_of_once_it_is_older_than_it_may_be() -> None:
    def warning(hours: float | None) -> str:
        return age_warning("m1", None if hours is None else NOW - timedelta(hours=hours), NOW, 24 * HOUR)

    assert (warning(None), warning(0), warning(24)) == ("", "", "")
    assert warning(24.1).startswith("The model m1 was made 24 hours ago")
    assert warning(72).startswith("The model m1 was made 3 days ago")
