"""``./shop submit``."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from cli.commands.jobs import named_jobs, raise_refusals
from cli.main import app
from flink.code import streaming_jobs
from flink.errors import JobError
from local.jobs import Submission
from schemas.errors import ConfigurationError


def test_a_job_that_runs_for_good_does_not_read_the_lake() -> None:
    with pytest.raises(ConfigurationError, match="ingest runs for good and reads Kafka: --from-lake is for training"):
        CliRunner().invoke(app, ["submit", "ingest", "--from-lake"], catch_exceptions=False)


def test_all_is_every_streaming_job_and_each_job_is_meant_once() -> None:
    assert named_jobs(["all"]) == streaming_jobs()
    assert named_jobs(["sessions", "ingest", "sessions"]) == ["sessions", "ingest"]


def test_a_job_that_ends_by_itself_is_submitted_alone() -> None:
    assert named_jobs(["training"]) == ["training"]
    with pytest.raises(ConfigurationError, match="training ends by itself: submit it alone"):
        named_jobs(["all", "training"])


def test_a_job_that_does_not_exist_is_refused_before_any_is_submitted() -> None:
    with pytest.raises(ConfigurationError, match="There is no job 'ingset'"):
        named_jobs(["sessions", "ingset"])


def test_every_refusal_is_told_with_its_reason() -> None:
    refusals = {"ingest": JobError("no slots"), "sessions": Submission("a1"), "trending": JobError("no topic")}
    with pytest.raises(JobError, match="no slots\nno topic"):
        raise_refusals(refusals)
    with pytest.raises(JobError, match=r"^no slots$"):
        raise_refusals({"ingest": JobError("no slots")})
    raise_refusals({"sessions": Submission("a1")})
