"""What docs/tracking.md shows is what happens."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from producers.collector.violations import Kind

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "tracking.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```console\n\$ (curl .*)\n((?:.*\n)*?)```", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("command", "output"), SHOWN)
def test_a_shown_request_gets_the_shown_answer(collector: Any, command: str, output: str) -> None:
    done = subprocess.run(
        ["bash", "-c", command.replace("http://127.0.0.1:19800", collector.url)],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout == output.rstrip("\n")


def test_the_shown_use_of_segments_library_works(collector: Any) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    before = accepted(collector)
    exec(code.replace("http://127.0.0.1:19800", collector.url), {})
    assert accepted(collector) == before + 1


def accepted(collector: Any) -> int:
    return int(collector.metric("events_accepted_total"))


def test_every_kind_of_violation_is_explained() -> None:
    assert {kind for kind in Kind if f"| `{kind}` |" in PAGE} == set(Kind)
