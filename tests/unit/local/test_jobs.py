from __future__ import annotations

from pathlib import Path

import pytest

from flink.batch import JobRequest
from flink.code import streaming_jobs
from local.desired_jobs import DesiredJobs
from local.downloads import Jars
from local.jobs import Jobs, chosen_jobs
from local.paths import DataDirectory
from schemas.errors import ConfigurationError
from schemas.settings import Settings


def test_a_parallelism_is_remembered_whatever_else_is_wanted_or_not(tmp_path: Path) -> None:
    desired = DesiredJobs(DataDirectory(tmp_path))
    desired.add("ingest")
    desired.set_parallelism("ingest", 1)
    desired.add("analytics")
    desired.remove("ingest")
    assert desired.names() == ["analytics"]
    assert (desired.parallelism_of("ingest"), desired.parallelism_of("analytics")) == (1, None)


def test_nothing_is_wanted_of_a_new_platform(tmp_path: Path) -> None:
    desired = DesiredJobs(DataDirectory(tmp_path))
    assert desired.names() == []
    assert desired.parallelism_of("ingest") is None


def test_what_an_earlier_version_wrote_is_read(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.jobs_file.write_text('{"desired": ["ingest"]}')
    desired = DesiredJobs(data)
    assert (desired.names(), desired.parallelism_of("ingest")) == (["ingest"], None)


def test_up_does_not_bring_back_a_job_that_was_cancelled_and_submit_does(tmp_path: Path) -> None:
    desired = DesiredJobs(DataDirectory(tmp_path))
    desired.add_unless_cancelled(["ingest", "trending"])
    desired.remove("trending")
    desired.add_unless_cancelled(["ingest", "trending"])
    assert desired.names() == ["ingest"]
    desired.add("trending")
    desired.add_unless_cancelled(["trending"])
    assert desired.names() == ["ingest", "trending"]


def test_up_starts_every_streaming_job_unless_the_settings_name_some() -> None:
    assert chosen_jobs(Settings()) == streaming_jobs()
    assert chosen_jobs(Settings(jobs="ingest, sessions")) == ["ingest", "sessions"]
    assert chosen_jobs(Settings(jobs="")) == []


def test_a_job_that_ends_by_itself_is_none_to_keep_running() -> None:
    with pytest.raises(ConfigurationError, match=r"SHOP_JOBS names training\. Jobs that run for good: ingest, "):
        chosen_jobs(Settings(jobs="ingest,training"))


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(Settings(data_dir=tmp_path), DataDirectory(tmp_path), Jars({}, tmp_path / "cache"))


def checkpoint_of(jobs_directory: Path, name: str) -> Path:
    checkpoint = jobs_directory / "checkpoints" / name / "a1" / "chk-7"
    checkpoint.mkdir(parents=True)
    (checkpoint / "_metadata").touch()
    return checkpoint


def test_a_new_job_keeps_its_state_where_the_settings_say(jobs: Jobs) -> None:
    assert jobs.request("ingest") == JobRequest("ingest", 1, "rocksdb", "stop")


def test_a_job_goes_on_with_the_state_backend_that_made_its_checkpoint(jobs: Jobs, tmp_path: Path) -> None:
    checkpoint = checkpoint_of(tmp_path, "ingest")
    jobs.keep_code(JobRequest("ingest", 1, "rocksdb", "stop"), b"code")
    assert jobs.request("ingest") == JobRequest("ingest", 1, "rocksdb", "stop", str(checkpoint))


def test_a_checkpoint_of_a_version_that_kept_state_in_the_heap_alone_is_read_as_such(
    jobs: Jobs, tmp_path: Path
) -> None:
    checkpoint = checkpoint_of(tmp_path, "ingest")
    assert jobs.request("ingest") == JobRequest("ingest", 1, "hashmap", "stop", str(checkpoint))
