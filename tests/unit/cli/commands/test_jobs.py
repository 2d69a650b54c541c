"""``./shop submit``."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from cli.main import app
from schemas.errors import ConfigurationError


def test_a_job_that_runs_for_good_does_not_read_the_lake() -> None:
    with pytest.raises(ConfigurationError, match="ingest runs for good and reads Kafka: --from-lake is for training"):
        CliRunner().invoke(app, ["submit", "ingest", "--from-lake"], catch_exceptions=False)
