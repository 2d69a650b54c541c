"""What ``models list`` prints, by records in place of ClickHouse and Redis."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.commands import models
from cli.main import app
from recommender.publishing.records import ModelRecord

List = Callable[..., Result]
DAY_SECONDS = 86_400


def record(version: str, days: int, is_active: bool) -> ModelRecord:
    """A model that was made some days ago."""
    made_at = datetime.now(UTC) - timedelta(days=days, hours=1)
    events = (made_at - timedelta(days=30), made_at)
    return ModelRecord(version, "blend", "0.1.0", made_at, *events, 4, 5, 6, {}, {}, {}, is_active, None)


@pytest.fixture
def list_models(monkeypatch: pytest.MonkeyPatch) -> List:
    """``./shop models list`` of some records, the active one of which Redis serves."""

    def listed(records: list[ModelRecord], *arguments: str) -> Result:
        active = next((each.version for each in records if each.is_active), "")

        @contextmanager
        def opened(_settings: Any) -> Iterator[tuple[Any, ...]]:
            yield None, SimpleNamespace(all=lambda: records), SimpleNamespace(active=lambda: active)

        monkeypatch.setattr(models, "_opened", opened)
        monkeypatch.setenv("SHOP_RECOMMENDATION_MODEL_MAX_AGE_SECONDS", str(3 * DAY_SECONDS))
        return CliRunner().invoke(app, ["models", "list", *arguments])

    return listed


def test_an_active_model_that_is_too_old_is_warned_of_beside_the_list(list_models: List) -> None:
    printed = list_models([record("m2", 1, is_active=False), record("m1", 4, is_active=True)])
    assert printed.exit_code == 0
    warning = " ".join(printed.stderr.split())
    assert warning.startswith("The model m1 was made 4 days ago, and knows nothing of what came since:")
    assert "was made" not in printed.stdout


@pytest.mark.parametrize(("days", "is_active"), [(2, True), (4, False)])
def test_a_young_model_or_one_that_is_not_active_is_not_warned_of(
    list_models: List, days: int, is_active: bool
) -> None:
    printed = list_models([record("m1", days, is_active)])
    assert (printed.exit_code, printed.stderr) == (0, "")


def test_the_age_of_each_model_is_in_the_json(list_models: List) -> None:
    printed = list_models([record("m1", 4, is_active=True)], "--json")
    (model,) = json.loads(printed.stdout)
    assert model["version"] == "m1"
    assert 0 <= model["age_seconds"] - 4 * DAY_SECONDS - 3600 < 600
