from __future__ import annotations

from pathlib import Path

from local.jobs import DesiredJobs
from local.paths import DataDirectory


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
