from __future__ import annotations

import io
import re
import time

import pytest
from rich.console import Console

from cli import progress
from cli.progress import LoggedWork, Stages, event_progress, working


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


def test_counted_work_is_a_line_every_now_and_then_in_a_log(log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.0)
    with event_progress() as bar:
        task = bar.add_task("simulate", total=4_000)
        bar.update(task, completed=1_000)
        bar.update(task, completed=3_000)
        assert re.findall(r"[\d,]+ of [\d,]+", log.getvalue()) == ["1,000 of 4,000", "3,000 of 4,000"]
        assert len(log.getvalue().splitlines()) == 2


def test_counted_work_that_is_done_soon_is_one_line_in_a_log(log: io.StringIO) -> None:
    with event_progress() as bar:
        bar.update(bar.add_task("simulate", total=4_000), completed=4_000)
        assert log.getvalue() == ""
    assert len(log.getvalue().splitlines()) == 1


def test_each_stage_is_timed() -> None:
    stages = Stages()
    with stages.timed("first"):
        time.sleep(0.01)
    assert 0.01 <= stages.seconds["first"] <= stages.all_seconds
