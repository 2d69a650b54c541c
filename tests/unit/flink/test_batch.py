from __future__ import annotations

from pathlib import Path

import pytest

from coordination.waiting import wait_until
from flink.batch import BatchClient, BatchDirectory, JobRequest, JobResult
from flink.errors import JobError
from schemas.settings import Settings

INGEST = JobRequest("ingest", 1, "rocksdb", "stop")
SESSIONS = JobRequest("sessions", 2, "hashmap", "accept", "/checkpoints/sessions/a1/chk-7")
REFUSED = """\
Traceback (most recent call last):
  File "submit_batch.py", line 1, in <module>
pyflink.util.exceptions.TableException: no such column
"""


class Client:
    """In place of Flink's: runs a shell script with the directory that the two sides share as ``$1``."""

    def __init__(self, script: str) -> None:
        self._script = script

    def client_command(self, arguments: list[str], temporary: Path) -> list[str]:
        return ["sh", "-c", self._script, "sh", arguments[-1]]

    def environment(self) -> dict[str, str]:
        return {}

    def log(self, name: str) -> Path:
        raise NotImplementedError


def outcomes(tmp_path: Path, script: str) -> dict[str, str | JobError]:
    settings = Settings(data_dir=tmp_path)
    with BatchClient([INGEST, SESSIONS], settings, Client(script), tmp_path / "log") as client:
        return dict(client.submit(["ingest", "sessions"]))


def test_what_one_side_writes_the_other_reads(tmp_path: Path) -> None:
    shared = BatchDirectory(tmp_path)
    assert (shared.released(), shared.results()) == (None, [])
    shared.write_requests([INGEST, SESSIONS])
    shared.release(["sessions", "ingest"])
    shared.add_result(JobResult("ingest", "a1"))
    shared.add_result(JobResult("sessions", error=REFUSED))
    assert shared.requests() == [INGEST, SESSIONS]
    assert shared.released() == {"ingest", "sessions"}
    assert shared.results() == [JobResult("ingest", "a1"), JobResult("sessions", error=REFUSED)]


def test_a_request_is_laid_over_the_settings() -> None:
    settings = SESSIONS.settings(Settings())
    assert (settings.job_parallelism, settings.state_backend, settings.kafka_gaps) == (2, "hashmap", "accept")
    assert SESSIONS.restore_options() == {
        "execution.state-recovery.path": "/checkpoints/sessions/a1/chk-7",
        "execution.state-recovery.claim-mode": "CLAIM",
    }
    assert INGEST.restore_options() == {}


def test_nothing_is_submitted_before_it_may_be(tmp_path: Path) -> None:
    script = """
        test -e "$1/released.json" || touch "$1/waits"
        while ! test -e "$1/released.json"; do sleep 0.05; done
        echo '{"name": "ingest", "job_id": "a1"}' >> "$1/results.jsonl"
        echo '{"name": "sessions", "job_id": "b2"}' >> "$1/results.jsonl"
        sleep 600
    """
    with BatchClient([INGEST, SESSIONS], Settings(data_dir=tmp_path), Client(script), tmp_path / "log") as client:
        shared = client.archive.parent
        wait_until((shared / "waits").exists, 60.0, AssertionError)
        assert not (shared / "results.jsonl").exists()
        assert dict(client.submit(["ingest", "sessions"])) == {"ingest": "a1", "sessions": "b2"}


def test_a_job_that_is_refused_does_not_hold_up_the_others(tmp_path: Path) -> None:
    shared = tmp_path / "written before"
    shared.mkdir()
    BatchDirectory(shared).add_result(JobResult("ingest", error=REFUSED))
    BatchDirectory(shared).add_result(JobResult("sessions", "b2"))
    result = outcomes(tmp_path, f'cp "{shared}/results.jsonl" "$1/results.jsonl"; sleep 60')
    assert result["sessions"] == "b2"
    assert "Flink refuses the job ingest: pyflink.util.exceptions.TableException: no such column" in str(
        result["ingest"]
    )


def test_a_client_that_ends_before_it_has_reported_a_job_is_that_jobs_refusal(tmp_path: Path) -> None:
    result = outcomes(tmp_path, "echo 'no such file'; exit 1")
    assert {name: str(error).splitlines()[0] for name, error in result.items()} == {
        "ingest": "Flink refuses the job ingest: no such file",
        "sessions": "Flink refuses the job sessions: no such file",
    }


def test_a_client_that_is_not_needed_any_more_is_ended(tmp_path: Path) -> None:
    with BatchClient([INGEST], Settings(data_dir=tmp_path), Client("sleep 600"), tmp_path / "log") as client:
        directory = client.archive.parent
        assert client.archive.exists()
    assert client._process is not None
    assert client._process.poll() is not None
    assert not directory.exists()


@pytest.mark.parametrize("script", ["true", "exit 3"])
def test_the_log_is_named_in_a_refusal(tmp_path: Path, script: str) -> None:
    assert f"The client's output is in {tmp_path / 'log'}." in str(outcomes(tmp_path, script)["ingest"])
