from __future__ import annotations

from pathlib import Path

import pytest

from operations.repair.rule import AS_IT_IS, Rule, RuleFailed, load_rule
from schemas.errors import ConfigurationError


def written(folder: Path, text: str) -> Path:
    path = folder / "rule.py"
    path.write_text(text)
    return path


def test_a_rule_is_the_functions_of_its_file(tmp_path: Path) -> None:
    rule = load_rule(written(tmp_path, "def repair(event):\n    return event | {'source': 'repaired'}\n"))
    assert rule.of_event({"source": "web"}) == {"source": "repaired"}
    assert rule.of_bytes(b"x") == b"x"


def test_a_rule_for_bytes_leaves_events_as_they_are(tmp_path: Path) -> None:
    rule = load_rule(written(tmp_path, "def repair_bytes(value):\n    return value[1:]\n"))
    assert rule.of_bytes(b"xy") == b"y"
    assert rule.of_event({"source": "web"}) == {"source": "web"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("def fix(event): ...", "neither a function repair"),
        ("def repair(:", "SyntaxError"),
        ("import no_such_module_anywhere", "ModuleNotFoundError"),
    ],
)
def test_a_file_that_is_no_rule_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        load_rule(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="FileNotFoundError"):
        load_rule(tmp_path / "rule.py")


def test_what_a_rule_raises_is_told() -> None:
    with pytest.raises(RuleFailed, match="KeyError: 'colour'"):
        Rule(lambda event: event["colour"], None).of_event({})


def test_an_answer_of_another_type_is_refused() -> None:
    with pytest.raises(RuleFailed, match="not list"):
        Rule(lambda _: [], None).of_event({})  # type: ignore[arg-type, return-value]
    with pytest.raises(RuleFailed, match="not str"):
        Rule(None, lambda _: "x").of_bytes(b"")  # type: ignore[arg-type, return-value]


def test_a_rule_for_bodies_leaves_the_rest_as_it_is(tmp_path: Path) -> None:
    rule = load_rule(written(tmp_path, "def repair_body(body):\n    return body | {'event': 'purchase'}\n"))
    assert rule.of_body({"event": "x"}) == {"event": "purchase"}
    assert rule.of_event({"source": "web"}) == {"source": "web"}
    assert rule.of_bytes(b"x") == b"x"


def test_no_rule_changes_nothing() -> None:
    assert AS_IT_IS.of_event({"a": 1}) == {"a": 1}
