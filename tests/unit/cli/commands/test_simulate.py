"""What ``./shop simulate`` makes of its options, and ``./shop verify`` of its findings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.commands.verify import as_json_object, describe
from cli.main import app
from operations.verification import Difference, RecordsReport, TableReport
from schemas.errors import ConfigurationError
from simulator.plan import Trouble


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Give an amount"),
        (["--events", "5", "--duration", "1m"], "not both"),
        (["--duration", "1m"], "--duration needs --rate"),
        (["--duration", "soon", "--rate", "5"], "'soon' is no duration"),
        (["--events", "5", "--trouble", "locusts"], "There is no trouble locusts"),
        (["--events", "5", "--time-zone", "Mars/Base"], "--time-zone: there is no time zone 'Mars/Base'"),
        (["--events", "5", "--live", "--shuffle", "1"], "--live goes with none of"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_anything_is_sent(options: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["simulate", *options])
    assert isinstance(result.exception, ConfigurationError)
    assert message in str(result.exception)


def test_the_help_names_every_kind_of_trouble() -> None:
    text = Path("cli/commands/simulate.py").read_text(encoding="utf-8")
    assert all(re.search(rf"\b{kind}\b", text) for kind in Trouble)


def test_a_ledger_that_is_not_there_ends_verify_withdescribe(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["verify", "--ledger", str(tmp_path / "L.json")])
    assert isinstance(result.exception, ConfigurationError)


def test_a_difference_says_where_what_must_be_and_what_is() -> None:
    assert (
        describe(Difference("different", ("2026-01-05", "EUR"), {"gross": ("1.0000", "2.0000"), "orders": (1, 2)}))
        == "[2026-01-05, EUR] different: gross must be 1.0000, is 2.0000; orders must be 1, is 2"
    )
    assert describe(Difference("missing", ("a",), {"n": (1, None)})) == "[a] missing: n 1"
    assert describe(Difference("extra", ("a",), {"n": (None, 2)})) == "[a] extra: n 2"


def test_json_says_whether_all_agrees_and_what_does_not() -> None:
    table = TableReport(2, 1)
    table.add(Difference("missing", ("a",), {"n": (1, None)}))
    records = RecordsReport(2, {"accepted": (4, 4)})
    assert as_json_object(records, {"t": table}) == {
        "agrees": False,
        "times_sent": 2,
        "records": {"accepted": {"must_be": 4, "is": 4}},
        "tables": {
            "t": {
                "agrees": False,
                "problem": "",
                "rows": {"must_be": 2, "is": 1},
                "missing": 1,
                "extra": 0,
                "different": 0,
                "examples": [{"kind": "missing", "key": ["a"], "cells": {"n": (1, None)}}],
            }
        },
    }
    assert as_json_object(records, {"t": TableReport(1, 1)})["agrees"]
