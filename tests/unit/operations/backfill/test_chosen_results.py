"""Which results ``backfill --metrics`` computes again."""

from __future__ import annotations

import pytest

from operations.backfill.run import chosen_results
from schemas.errors import ConfigurationError
from schemas.results import RESULTS


def test_without_names_every_result_is_chosen_those_of_recommendations_included() -> None:
    assert chosen_results([]) == RESULTS
    of_feedback = {result.name for result in chosen_results([]) if result.job == "feedback"}
    assert of_feedback >= {f"recommendation_{each}_daily" for each in ("activity", "revenue", "coverage")}


def test_by_names_these_are_chosen_and_an_unknown_one_is_refused() -> None:
    assert [result.name for result in chosen_results(["users_daily", "sales_daily"])] == ["sales_daily", "users_daily"]
    with pytest.raises(ConfigurationError, match=r"There is no metric magic\. There are: activity_minutely, "):
        chosen_results(["sales_daily", "magic"])
