"""README's first command, word for word, twice."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from flink.code import streaming_jobs
from local.commands import environment_of
from local.paths import ROOT
from local.ports import free_base
from schemas.settings import Settings

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1800)]

FIGURES = ("10,666,684.544", "918,936.610", "9,747,747.934", "19,960", "305")


def test_the_demo_prints_the_same_figures_every_time(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", port_base=free_base(random.Random()))

    first, second = demo(settings), demo(settings)

    for said in (first, second):
        assert said.returncode == 0, said.stderr
        for figure in FIGURES:
            assert figure in said.stdout
        assert "Recommended to customer 17850 by the model 2011" in said.stdout
        assert f"curl 'http://127.0.0.1:{settings.port('serving')}/v1/recommend/17850?n=5&explain=true'" in said.stdout
    assert first.stdout == second.stdout
    for job in streaming_jobs():
        assert f"{job} is submitted, from the beginning," in first.stderr
        assert f"{job} is submitted, from checkpoint chk-" in second.stderr


def demo(settings: Settings) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "shop", "demo", "--once"],
        env=environment_of(settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
