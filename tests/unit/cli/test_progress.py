from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from cli import progress
from cli.progress import LoggedWork, Stages, working


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    written = io.StringIO()
    monkeypatch.setattr(progress, "err", Console(file=written, width=160))
    return written


def test_where_nobody_watches_work_is_a_line_every_now_and_then(log: io.StringIO) -> None:
    with LoggedWork("Counting ...", interval_seconds=0.02) as work:
        while "Counting ... 0 s" not in log.getvalue():
            time.sleep(0.005)
        work.update("Counting: [3] left ...")
        while "Counting: [3] left ... 0 s" not in log.getvalue():
            time.sleep(0.005)
    lines = len(log.getvalue().splitlines())
    time.sleep(0.05)
    assert len(log.getvalue().splitlines()) == lines


def test_work_that_is_done_soon_leaves_no_line_in_a_log(log: io.StringIO) -> None:
    with working("Counting ..."):
        pass
    assert log.getvalue() == ""


def test_each_stage_is_timed() -> None:
    stages = Stages()
    with stages.timed("first"):
        time.sleep(0.01)
    assert 0.01 <= stages.seconds["first"] <= stages.all_seconds
