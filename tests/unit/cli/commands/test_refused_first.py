"""What can be refused is refused before a file is read or a server is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.context import GlobalOptions
from cli.main import app
from connections.errors import DependencyUnavailable
from recommender.evaluation import next_item, sampled, session, temporal
from recommender.evaluation.blending import LearnedWeights
from recommender.evaluation.parts import Part, Validation
from recommender.evaluation.protocols import PROTOCOLS, run
from recommender.evaluation.request import Request
from recommender.models.base import Histories, Training
from recommender.models.former_names import FORMER_MODEL_NAMES
from recommender.training.recipes import check_model
from schemas.errors import ConfigurationError
from schemas.settings import Settings

FILE = Path("never_read")
TRAINING = Training(Histories.of([[0, 1, 2], [2, 1]]), 3, next_item.features_of(["a", "b", "c"], {"a": ["red"]}))


def shop(*arguments: str, **environment: str) -> tuple[str, BaseException | None]:
    """What a command of ``./shop`` prints, and the error that ended it."""
    result = CliRunner().invoke(app, list(arguments), env=environment)
    return " ".join(result.output.replace("│", "").split()), result.exception


def nothing(doing: str) -> None:
    """Fail: work has begun."""
    pytest.fail(doing)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("model", ["magic", "bought_together"])
def test_a_model_that_a_protocol_never_measures_is_refused_before_its_data_is_read(protocol: str, model: str) -> None:
    with pytest.raises(ConfigurationError, match=f"The protocol {protocol} has no model '{model}'; it has blend, "):
        run(protocol, Request(data=FILE, model=model), nothing)


def test_sequential_rules_are_refused_where_the_data_has_no_order() -> None:
    with pytest.raises(ConfigurationError, match="it has blend, ials, item_knn, popularity, ease"):
        run("sampled", Request(data=FILE, model="sequential_rules"), nothing)


def test_the_models_of_a_protocol_are_those_of_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    monkeypatch.setattr(Validation, "choose", lambda _self, _name, parts, _progress: _Tuned(parts))
    validation = Validation(TRAINING, lambda _model: 0.0, LearnedWeights(None))  # type: ignore[arg-type]
    parts: dict[str, list[Part]] = {
        "next-item": next_item.parts_of(TRAINING, rng),
        "sampled": sampled.parts_of(validation, rng, nothing),
        "session": session.parts_of(TRAINING),
        "temporal": temporal.parts_of(TRAINING),
    }
    for protocol, of_protocol in parts.items():
        assert set(PROTOCOLS[protocol].models) == {part[0][0] for part in of_protocol}


class _Tuned:
    """The first variant of a part, as it is tuned."""

    def __init__(self, parts: list[Part]) -> None:
        self.parameters = {"unobserved": 0.1, "regularization": 0.01, **parts[0][0][1]}


@pytest.mark.parametrize(
    ("protocol", "changed", "said"),
    [
        ("next-item", {"cut": datetime(2026, 1, 1, tzinfo=UTC)}, "next-item does not use --cut, which is for temporal"),
        ("sampled", {"repeats": False}, "sampled does not use --repeats, which is for temporal"),
        ("temporal", {"train": FILE}, "temporal does not use --train, which is for session"),
        ("session", {"attributes": FILE}, "session does not use --attributes, which is for next-item"),
        ("temporal", {"cut": datetime(2026, 1, 1, tzinfo=UTC), "test_purchases": FILE}, "give it or --cut, not both"),
    ],
)
def test_an_option_that_a_protocol_does_not_use_is_refused(
    protocol: str, changed: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        run(protocol, replace(Request(data=FILE), **changed), nothing)  # type: ignore[arg-type]


def test_a_training_of_no_model_is_refused_before_events_are_read() -> None:
    with pytest.raises(ConfigurationError, match="SHOP_TRAINING_MODEL names no model: 'magic'; there are blend, "):
        check_model(Settings(training_model="magic"))
    with pytest.raises(ConfigurationError, match="SHOP_TRAINING_SENTENCES=true"):
        check_model(Settings(training_model="sentences"))
    for former_name in FORMER_MODEL_NAMES:
        check_model(Settings(training_model=former_name))
    _, error = shop("submit", "training", SHOP_TRAINING_MODEL="magic")
    assert isinstance(error, ConfigurationError)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("query", "sales_daily", "--from", "2026-13-01"),
            "'2026-13-01' is no day or time as it is written here: 2026-11-27.",
        ),
        (
            ("replay", "--from", "today", "--to", "2026-01-02"),
            "'today' is no day or time as it is written here: 2026-11-27 or 2026-11-27T08:30:00.",
        ),
    ],
)
def test_a_wrong_date_shows_how_one_is_written(arguments: tuple[str, ...], said: str) -> None:
    printed, _ = shop(*arguments)
    assert said in printed
    assert "Value error" not in printed


def test_a_wrong_time_zone_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TIME_ZONE", "Mars")
    with pytest.raises(ConfigurationError, match=r"time_zone: there is no time zone 'Mars'; names are like Europe"):
        _ = GlobalOptions(None, None).settings


def test_days_in_the_wrong_order_are_refused_before_a_backfill() -> None:
    _, error = shop("backfill", "--metrics", "all", "--from", "2026-01-02", "--to", "2026-01-01", "--verify")
    assert isinstance(error, ConfigurationError)
    assert "--from must not be after --to" in str(error)


def test_a_ledger_that_cannot_be_written_is_refused_before_events_are_sent(tmp_path: Path) -> None:
    for ledger in (tmp_path / "missing" / "ledger.json", tmp_path):
        _, error = shop("simulate", "--events", "10", "--ledger", str(ledger))
        assert isinstance(error, ConfigurationError)
        assert f"cannot be written to {ledger}" in str(error)


def test_a_server_that_does_not_answer_is_named_with_how_to_choose_another() -> None:
    message = str(DependencyUnavailable("ClickHouse", "http://127.0.0.1:19123", "Connection refused"))
    assert message.startswith("ClickHouse at http://127.0.0.1:19123 does not answer (Connection refused).")
    assert "SHOP_PORT_BASE, or './shop --port-base N ...', chooses another platform of this machine" in message
