"""The rules file: what it does to answers, and what becomes of a change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coordination.files import write_atomically
from schemas import redis_keys
from schemas.errors import ConfigurationError
from serving.rules import Rules, RulesFile
from tests.contract.serving.conftest import Make
from tests.support.serving import Service, Shelf, eventually, ids

Write = Callable[[str], None]


@pytest.fixture(scope="module")
def rules_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rules") / "rules.toml"
    path.write_text("")
    return path


@pytest.fixture(scope="module")
def ruled(make: Make, rules_file: Path) -> Service:
    return make(serving_rules_file=str(rules_file))


@pytest.fixture
def rule(rules_file: Path) -> Iterator[Write]:
    """Change the file, and wait until the service has looked at it."""

    def write(text: str) -> None:
        write_atomically(rules_file, text)
        time.sleep(1)

    yield write
    write("")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("", ["p1", "p2", "p3"]),
        ('blocked_items = ["p1"]', ["p2", "p3", "p4"]),
        ('blocked_categories = ["Tea"]', ["p1", "p3", "p11"]),
        ('blocked_brands = ["B1"]', ["p2", "p3", "p11"]),
        ('pins = [{ item_id = "p30", position = 2 }]', ["p1", "p30", "p2"]),
        ('pins = [{ item_id = "gone", position = 1 }]', ["p1", "p2", "p3"]),
        ('pins = [{ item_id = "p30", position = 1, category = "Tea" }]', ["p1", "p2", "p3"]),
        ('boosts = [{ items = ["p4"], factor = 9.0 }]', ["p4", "p1", "p2"]),
        ("max_per_category = 1", ["p1", "p2", "p3"]),
        ("diversity = 1.0", ["p1", "p2", "p3"]),
    ],
)
def test_each_rule_changes_answers_within_a_second(
    ruled: Service, rule: Write, rules: str, expected: list[str]
) -> None:
    rule(f"[rules.default]\n{rules}")
    assert ids(ruled.recommend("ann", n=3)) == expected


def test_a_change_that_makes_no_sense_leaves_the_rules_before_in_force(ruled: Service, rule: Write) -> None:
    rule('[rules.default]\nblocked_items = ["p1"]')
    refused = ruled.metric("rules_refused_total")
    for text in ("[rules.default", "[rules.default]\nmax_per_category = -1", '[scenarios.x]\nrules = "unheard-of"'):
        rule(text)
        refused += 1
        eventually(lambda: ruled.metric("rules_refused_total") == refused)  # noqa: B023
        assert ids(ruled.recommend("ann", n=2)) == ["p2", "p3"]


EXPERIMENT = """
[experiment]
name = "ranking"
arms = [{ name = "new", share = 1.0, model_version = "%s" }]
"""


def test_an_arm_that_names_an_unknown_model_is_refused(ruled: Service, rule: Write) -> None:
    rule(EXPERIMENT % "m2")
    assert ids(ruled.recommend("ann", n=2)) == ["p31", "p32"]
    refused = ruled.metric("rules_refused_total")
    rule(EXPERIMENT % "m9")
    eventually(lambda: ruled.metric("rules_refused_total") == refused + 1)
    (warning,) = ruled.get("/health/ready")["warnings"]
    assert "names the model m9, of which Redis has no lists" in warning
    assert warning.endswith("The rules before stay in force.")
    assert ids(ruled.recommend("ann", n=2)) == ["p31", "p32"]
    rule("")
    assert "warnings" not in ruled.get("/health/ready")


def test_an_arm_whose_model_disappears_shows_the_active_one_and_says_so(
    ruled: Service, rule: Write, stocked: Shelf
) -> None:
    rule(EXPERIMENT % "m2")
    mark = redis_keys.published("m2")
    stocked.redis.rename(mark, "away")
    try:
        eventually(lambda: ruled.metric("arms_models_absent") == 1)
        for parameters in ({"n": 2}, {"n": 2, "offset": 0}):  # unparsed, and through the whole chain
            answer = ruled.recommend("ann", **parameters)
            assert (ids(answer), answer["model_version"]) == (["p1", "p2"], "m1")
        assert "Its users are shown the active one." in ruled.get("/health/ready")["warnings"][0]
    finally:
        stocked.redis.rename("away", mark)
    eventually(lambda: ruled.metric("arms_models_absent") == 0)
    assert ruled.recommend("ann", n=2)["model_version"] == "m2"


def test_a_service_that_starts_without_the_model_of_an_arm_shows_the_active_one(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(EXPERIMENT % "m9")
    service = make(serving_rules_file=str(path))
    assert service.recommend("ann", n=1)["model_version"] == "m1"
    assert "m9" in service.get("/health/ready")["warnings"][0]


def test_rules_whose_file_vanishes_between_two_looks_stay_in_force(
    rules_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = RulesFile(rules_file)
    monkeypatch.setattr(Path, "exists", lambda _: True)  # it was there a moment ago
    rules_file.rename(rules_file.with_suffix(".away"))
    try:
        with pytest.raises(ConfigurationError, match="cannot be read"):
            watched.changed()
        assert watched.changed() is None  # a file that stays away is refused once
    finally:
        rules_file.with_suffix(".away").rename(rules_file)
    assert watched.changed() == Rules()


def test_boosts_of_a_request_come_on_top(ruled: Service, rule: Write) -> None:
    rule('[rules.default]\nboosts = [{ items = ["p4"], factor = 9.0 }]')
    body = {"user_id": "ann", "n": 3, "boosts": [{"category": "Cups", "factor": 50}]}
    assert ids(ruled.post("/v1/recommend", body))[:2] == ["p1", "p3"]


def test_a_service_does_not_start_with_rules_that_make_no_sense(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    with pytest.raises(ConfigurationError, match=r"rules\.toml cannot be read"):
        RulesFile(path)
    for text, message in [
        ('[experiment]\nname = "x"\narms = [{ name = "a", share = 0.7 }, { name = "b", share = 0.4 }]', "more than 1"),
        ('[experiment]\nname = "x"\narms = [{ name = "a", share = 0.1 }, { name = "a", share = 0.1 }]', "same name"),
        ('[experiment]\nname = "x:y"\narms = [{ name = "a", share = 0.1 }]', "experiment.name"),
        ("[unheard_of]", "unheard_of"),
    ]:
        path.write_text(text)
        with pytest.raises(ConfigurationError, match=message):
            RulesFile(path)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("", ["p1", "p4", "p39", "p38", "unheard-of"]),
        ('blocked_items = ["p38", "p1"]', ["p4", "p39", "unheard-of"]),
        ('blocked_categories = ["Cups"]', ["p4", "p38", "unheard-of"]),
        ('blocked_brands = ["B0"]', ["p1", "p4", "p38", "unheard-of"]),
    ],
)
def test_ranking_drops_what_rules_block(ruled: Service, rule: Write, rules: str, expected: list[str]) -> None:
    rule(f"[rules.default]\n{rules}")
    body = {"user_id": "ann", "items": ["p39", "p38", "gone", "p4", "p1", "unheard-of"]}
    assert sorted(ids(ruled.post("/v1/rank", body))) == sorted(expected)


def test_ranking_drops_what_was_bought_where_a_scenario_says_so(ruled: Service, rule: Write) -> None:
    rule("[scenarios.discover]\nexclude_bought = true")
    body = {"user_id": "ann", "items": ["p2", "p39", "p1"], "scenario": "discover"}
    assert sorted(ids(ruled.post("/v1/rank", body))) == ["p1", "p39"]
