from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app, main
from cli.platform_view import duration, status_json, status_tables
from flink.cluster import JobHealth, JobStatus
from local.errors import PlatformError
from local.memory import PartMemory
from local.processes import ProcessId
from local.state import PartState, PartStatus
from local.status import JobReport, PartReport, PlatformReport
from recommender.publishing.active import ActiveModel
from schemas.errors import ConfigurationError

READY = PartReport(PartStatus(PartState.READY, ProcessId(7, 0.0), 19092, 2, 3.5), PartMemory(2 << 20, 0, 0), 61.0)
WORKING = PartReport(PartStatus(PartState.READY, ProcessId(8, 0.0)), PartMemory(5 << 20, 3 << 20, 2), 3700.0)
INGEST = JobReport("ingest", JobStatus("a1", "ingest", "RUNNING", 1, 4, 4), JobHealth(1, 9, 1_700_000_000_000, ""), "")
LOST = JobReport("analytics", None, None, "no slots")


def report(**changes: object) -> PlatformReport:
    values: dict[str, object] = {
        "is_up": True,
        "addresses": {"kafka": "127.0.0.1:19092"},
        "parts": {"kafka": READY, "taskmanager": WORKING},
        "jobs": [INGEST],
        "total_bytes": 11 << 20,
    }
    return PlatformReport(**(values | changes))  # type: ignore[arg-type]


def test_status_of_a_platform_that_is_down_exits_with_the_code_of_a_platform_error(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["--data-dir", str(tmp_path), "--port-base", "20000", "status", "--json"])
    assert done.exit_code == PlatformError.exit_code
    status = json.loads(done.stdout)
    assert (status["up"], status["parts"], status["jobs"]) == (False, {}, {})
    assert status["addresses"]["clickhouse"] == "http://127.0.0.1:20123"
    assert not list(tmp_path.iterdir())


def test_down_without_a_platform_is_no_error(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["--data-dir", str(tmp_path), "down"])
    assert (done.exit_code, done.stdout) == (0, "")


def test_purge_refuses_a_directory_of_someone_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "thesis.txt").touch()
    monkeypatch.setattr("sys.argv", ["shop", "--data-dir", str(tmp_path), "down", "--purge"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == ConfigurationError.exit_code
    assert (tmp_path / "thesis.txt").exists()


def test_a_setting_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHOP_TOPIC_PARTITIONS", "none")
    monkeypatch.setattr("sys.argv", ["shop", "jobs"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == ConfigurationError.exit_code
    printed = capsys.readouterr()
    assert "topic_partitions" in printed.err
    assert printed.out == ""


def test_a_platform_is_well_when_all_its_parts_and_jobs_run() -> None:
    assert report().is_well
    assert not report(jobs=[INGEST, LOST]).is_well
    assert not report(parts={"kafka": PartReport(PartStatus(PartState.HUNG), PartMemory(0, 0, 0), None)}).is_well
    assert not report(is_up=False).is_well


def test_an_old_model_is_a_warning_and_the_platform_is_well_all_the_same() -> None:
    warning = "The model m1 was made 9 days ago"
    old = report(model=ActiveModel("m1", datetime(2026, 11, 18, 12, tzinfo=UTC)), warnings=(warning,))
    assert old.is_well
    assert f"[yellow]{warning}[/]" in list(status_tables(old))
    status = json.loads(status_json(old))
    assert (status["model"], status["warnings"]) == (
        {"version": "m1", "made_at": "2026-11-18T12:00:00.000Z"},
        [warning],
    )
    assert json.loads(status_json(report()))["model"] is None


def test_the_json_has_parts_jobs_memory_and_addresses() -> None:
    status = json.loads(status_json(report(jobs=[INGEST, LOST])))
    assert status["well"] is False
    assert status["memory_bytes"] == 11 << 20
    assert status["parts"]["kafka"] == {
        "state": "ready",
        "pid": 7,
        "port": 19092,
        "restarts": 2,
        "ready_seconds": 3.5,
        "uptime_seconds": 61.0,
        "memory_bytes": 2 << 20,
        "worker_memory_bytes": 0,
        "workers": 0,
        "problem": "",
    }
    assert status["parts"]["taskmanager"]["worker_memory_bytes"] == 3 << 20
    assert (status["jobs"]["ingest"]["state"], status["jobs"]["ingest"]["checkpoints"]) == ("RUNNING", 9)
    assert (status["jobs"]["analytics"]["state"], status["jobs"]["analytics"]["problem"]) == (None, "no slots")


def test_the_tables_show_python_workers_apart_and_why_a_job_does_not_run() -> None:
    parts, _, jobs, problem = status_tables(report(jobs=[INGEST, LOST]))
    assert not isinstance(parts, str)
    names = list(parts.columns[0].cells)
    assert names == ["kafka", "taskmanager", "  Python workers", "all, with the supervisor"]
    assert [re.sub(r"\[.*?\]", "", str(cell)) for cell in parts.columns[6].cells] == ["2 MB", "5 MB", "3 MB", "11 MB"]
    assert not isinstance(jobs, str)
    assert list(jobs.columns[0].cells) == ["ingest", "analytics"]
    assert problem == "analytics: no slots"


@pytest.mark.parametrize(
    ("seconds", "words"), [(-1.0, "0 s"), (59.9, "59 s"), (61.0, "1 min 1 s"), (3700.0, "1 h 1 min")]
)
def test_a_length_of_time_is_told_in_one_or_two_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words
