from __future__ import annotations

import os
import zipfile
from pathlib import Path

import httpx
import pytest

from connections.errors import DependencyUnavailable
from coordination.waiting import wait_until
from flink.argument import wait_for_argument
from flink.checkpoints import checkpoint_directory, newest_checkpoint
from flink.client import client_arguments, reason_in
from flink.cluster import Cluster, JobHealth, JobStatus
from flink.code import PACKAGES, job_program, known_jobs, write_code_archive
from flink.errors import JobError
from flink.submission import run_to_end
from schemas.errors import ConfigurationError
from schemas.settings import Settings

SAID_BY_FLINK = """\
2026-11-21 07:28:33,992 WARN  o.a.f.c.Configuration - Config uses deprecated configuration key
Traceback (most recent call last):
2026-11-21 07:28:37,182 INFO  o.a.f.c.p.PythonDriver - Traceback (most recent call last):
  File "job.py", line 61, in <module>
2026-11-21 07:28:37,183 INFO  o.a.f.c.p.PythonDriver -   File "job.py", line 61, in <module>
    main()
pyflink.util.exceptions.TableException: org.apache.flink.table.api.TableException: Failed to execute sql
\tat org.apache.flink.table.Planner.java(Planner.java:1)
Caused by: java.lang.RuntimeException: outer
\tat org.apache.flink.table.Planner.java(Planner.java:2)
Caused by: java.net.ConnectException: refused
2026-11-21 07:28:37,200 INFO  o.a.f.c.p.PythonDriver - ---- Python Process Exited ----
Caused by: java.lang.RuntimeException: Python process exits with code: 1
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "a platform", flink_url="http://flink.internal:8081")


def test_the_archive_holds_the_code_the_sql_and_the_schemas_and_nothing_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(write_code_archive(tmp_path / "code.zip")) as archive:
        names = archive.namelist()
    assert {
        "recommender/store.py",
        "connections/kafka.py",
        "jobs/analytics/sales_daily.sql",
        "schemas/avro/shop_event.avsc",
    } <= set(names)
    assert {name.split("/")[0] for name in names} == set(PACKAGES)
    assert {Path(name).suffix for name in names} == {".py", ".sql", ".avsc"}


def test_the_client_is_sent_to_the_cluster_of_the_settings(settings: Settings) -> None:
    arguments = client_arguments(Path("job.py"), Path("code.zip"), settings, restore_from=None)
    assert arguments == [
        "run",
        "-d",
        "-Drest.address=flink.internal",
        "-Drest.port=8081",
        "-pyfs",
        "code.zip",
        "-py",
        "job.py",
    ]


def test_a_job_that_is_restored_owns_its_checkpoint(settings: Settings) -> None:
    arguments = client_arguments(Path("job.py"), Path("code.zip"), settings, Path("/checkpoints/chk-7"))
    assert arguments[4:8] == ["-s", "/checkpoints/chk-7", "-claimMode", "CLAIM"]


class Client:
    """In place of Flink's: notes what it is asked, and ends as it is told to."""

    def __init__(self, exit_code: int) -> None:
        self.script = f"echo 'ValueError: nothing to learn from'; exit {exit_code}"
        self.arguments: list[str] = []

    def client_command(self, arguments: list[str], temporary: Path) -> list[str]:
        self.arguments = arguments
        return ["sh", "-c", self.script, "sh", arguments[-1]]

    def environment(self) -> dict[str, str]:
        return {}

    def log(self, name: str) -> Path:
        raise NotImplementedError


def test_a_job_that_ends_by_itself_is_waited_for(settings: Settings, tmp_path: Path) -> None:
    client = Client(exit_code=0)
    run_to_end("training", settings, client, tmp_path / "log", str)
    assert "-d" not in client.arguments
    assert client.arguments[-2].endswith("jobs/training/job.py")


def test_its_argument_is_made_while_it_starts(settings: Settings, tmp_path: Path) -> None:
    client = Client(exit_code=0)
    client.script = f'touch {tmp_path}/started; while ! test -e "$1"; do sleep 0.02; done; cp "$1" {tmp_path}/read'

    def argument() -> str:
        wait_until((tmp_path / "started").exists, 60.0, AssertionError)
        return '{"from": 0}'

    run_to_end("training", settings, client, tmp_path / "log", argument)
    assert (tmp_path / "read").read_text() == '{"from": 0}'


def test_a_job_whose_argument_cannot_be_made_is_ended(settings: Settings, tmp_path: Path) -> None:
    client = Client(exit_code=0)
    client.script = "exec sleep 600"
    with pytest.raises(ZeroDivisionError):
        run_to_end("training", settings, client, tmp_path / "log", lambda: str(1 / 0))


def test_a_program_gets_what_was_written_for_it(tmp_path: Path) -> None:
    (tmp_path / "argument").write_text('{"from": 0}')
    assert wait_for_argument(tmp_path / "argument") == '{"from": 0}'


def test_a_job_that_ends_badly_is_an_error_with_its_reason(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(JobError, match="training failed: ValueError: nothing to learn from"):
        run_to_end("training", settings, Client(exit_code=1), tmp_path / "log", str)


def test_the_newest_completed_checkpoint_is_taken_whichever_run_made_it(tmp_path: Path) -> None:
    for age, name in ((300, "aa/chk-9"), (100, "bb/chk-2"), (200, "bb/chk-1")):
        checkpoint = tmp_path / name
        checkpoint.mkdir(parents=True)
        (checkpoint / "_metadata").touch()
        os.utime(checkpoint / "_metadata", (1_700_000_000 - age, 1_700_000_000 - age))
    (tmp_path / "cc" / "chk-1").mkdir(parents=True)  # begun, never completed
    assert newest_checkpoint(tmp_path) == tmp_path / "bb" / "chk-2"


def test_a_job_without_checkpoints_starts_from_nothing(tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path / "none") is None


def test_checkpoints_on_this_machine_are_found_in_a_path_with_a_blank(settings: Settings) -> None:
    assert checkpoint_directory(settings, "ingest") == settings.data_dir / "checkpoints" / "ingest"


def test_checkpoints_elsewhere_are_not_looked_for(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, checkpoint_url="s3://bucket/checkpoints")
    assert checkpoint_directory(settings, "ingest") is None


def test_an_unknown_job_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"no job 'ingset'\. There are: .*analytics, .*ingest"):
        job_program("ingset")


def test_every_job_is_known_by_the_folder_of_its_program() -> None:
    assert {"analytics", "ingest"} <= set(known_jobs())
    assert all(job_program(name).is_file() for name in known_jobs())


def test_the_reason_is_pythons_error_and_the_innermost_cause() -> None:
    assert reason_in(SAID_BY_FLINK) == (
        "pyflink.util.exceptions.TableException: org.apache.flink.table.api.TableException: Failed to execute sql; "
        "java.net.ConnectException: refused"
    )


def test_the_reason_is_the_error_that_ended_the_program_not_what_it_was_raised_from() -> None:
    traceback = 'Traceback (most recent call last):\n  File "job.py", line 61, in <module>\n'
    between = "\nThe above exception was the direct cause of the following exception:\n\n"
    printed = (
        f"{traceback}FileNotFoundError: model.zip\n{between}{traceback}schemas.errors.ConfigurationError: Name it.\n"
    )
    assert reason_in(printed) == "schemas.errors.ConfigurationError: Name it."


@pytest.mark.parametrize(("output", "reason"), [("no such file\n\n", "no such file"), ("", "it printed nothing")])
def test_without_an_error_the_last_line_is_the_reason(output: str, reason: str) -> None:
    assert reason_in(output) == reason


def answering(settings: Settings, answers: dict[str, object]) -> Cluster:
    cluster = Cluster(settings)
    cluster.close()
    cluster._http = httpx.Client(
        base_url=settings.flink_url,
        transport=httpx.MockTransport(
            lambda request: (
                httpx.Response(200, json=answers[request.url.raw_path.decode()])
                if request.url.raw_path.decode() in answers
                else httpx.Response(503)
            )
        ),
    )
    return cluster


def overview(**changes: object) -> dict[str, object]:
    return {
        "jid": "a1",
        "name": "ingest",
        "state": "RUNNING",
        "start-time": 1,
        "tasks": {"running": 4, "total": 4},
    } | changes


def test_a_job_that_has_ended_is_not_found(settings: Settings) -> None:
    jobs = [overview(), overview(jid="b2", name="analytics", state="FAILED")]
    cluster = answering(settings, {"/jobs/overview": {"jobs": jobs}})
    assert cluster.find("ingest") == JobStatus("a1", "ingest", "RUNNING", 1, 4, 4)
    assert cluster.find("analytics") is None
    cluster.close()


def test_a_savepoint_that_a_job_was_stopped_with_is_newer_than_its_checkpoints(tmp_path: Path) -> None:
    for age, name in ((20, "a1/chk-7"), (10, "a1/savepoint-a1-0f"), (30, "a0/chk-9")):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "_metadata").touch()
        os.utime(tmp_path / name / "_metadata", (1_000_000 - age, 1_000_000 - age))
    assert newest_checkpoint(tmp_path) == tmp_path / "a1" / "savepoint-a1-0f"


def test_a_job_whose_tasks_do_not_all_run_is_not_running() -> None:
    assert not JobStatus("a1", "ingest", "RUNNING", 1, tasks_running=3, tasks=4).is_running


def test_the_health_of_a_job_is_read_from_three_places(settings: Settings) -> None:
    cluster = answering(
        settings,
        {
            "/jobs/a1/metrics?get=numRestarts": [{"id": "numRestarts", "value": "2"}],
            "/jobs/a1/checkpoints": {"counts": {"completed": 5}, "latest": {"completed": {"latest_ack_timestamp": 99}}},
            "/jobs/a1/exceptions?maxExceptions=1": {
                "exceptionHistory": {"entries": [{"stacktrace": "java.io.IOException: gone\n\tat x"}]}
            },
        },
    )
    assert cluster.health("a1") == JobHealth(2, 5, 99, "java.io.IOException: gone")
    cluster.close()


def test_a_cluster_that_is_not_ready_is_unavailable(settings: Settings) -> None:
    cluster = answering(settings, {})
    with pytest.raises(DependencyUnavailable, match=r"Flink at http://flink\.internal:8081 does not answer \(HTTP 503"):
        cluster.jobs()
    cluster.close()
