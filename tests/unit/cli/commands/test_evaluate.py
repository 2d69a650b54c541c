"""``./shop evaluate``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from schemas.errors import ConfigurationError


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "shop.txt"
    lists = (" ".join(str((user + step) % 9) for step in range(5)) for user in range(30))
    path.write_text("\n".join(f"{user} {line}" for user, line in enumerate(lists)))
    return path


def evaluate(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["evaluate", "--protocol", "next-item", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_json_is_one_object_and_nothing_else(data: Path) -> None:
    report = json.loads(evaluate("--data", str(data), "--model", "sequential_rules", "--json"))
    assert report["protocol"] == "next-item"
    assert report["model"] == "sequential_rules"
    assert report["metrics"]["HR@5"] == 1.0
    assert report["baselines"]["popularity"]["HR@5"] <= 1.0
    assert report["cpu_seconds"] >= 0


def test_without_json_a_person_reads_a_table(data: Path) -> None:
    printed = evaluate("--data", str(data), "--model", "sequential_rules")
    assert "NDCG@10" in printed
    assert "popularity" in printed
    assert "parameters:" in printed


def test_a_protocol_without_its_data_says_what_it_needs() -> None:
    with pytest.raises(ConfigurationError, match="needs --data PATH"):
        evaluate()
