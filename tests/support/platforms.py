"""Platforms of their own for tests that need to know everything that ever came in."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.commands import COMMAND_SECONDS, environment_of, shop_command
from local.paths import ROOT
from local.platform import Platform
from local.ports import free_base
from operations.migrate import migrate
from schemas.settings import Settings

CHECKPOINT_MS = 5_000
"""Of the jobs whose results do not wait for one; who waits for a job asks for one: operations/prompt_checkpoints.py."""

JOBS_BEHIND_REDIS = ("ingest", "analytics", "catalogue", "trending", "personalise")


@contextmanager
def platform_with(jobs: Iterable[str], data: Path, time_zone: str = "UTC", **more: Any) -> Iterator[Platform]:
    """A migrated platform that runs these jobs, with more settings; ``./shop up`` adds none to them."""
    chosen = {"metrics_checkpoint_interval_ms": CHECKPOINT_MS, "jobs": ""} | more
    settings = Settings(data_dir=data, port_base=free_base(random.Random()), time_zone=time_zone, **chosen)
    with not_yet_started(settings) as made:
        start(made, jobs)
        yield made


@contextmanager
def not_yet_started(settings: Settings) -> Iterator[Platform]:
    """A platform that somebody starts while the block runs; it is stopped afterwards."""
    made = Platform(settings)
    try:
        yield made
    finally:
        made.down()


def start(platform: Platform, jobs: Iterable[str]) -> None:
    """Start and migrate a platform, and run these jobs on it."""
    platform.fetch()
    platform.up()
    migrate(platform.settings)
    platform.jobs.keep_running(*jobs)


@contextmanager
def shop_in_background(settings: Settings, *arguments: str, exit_code: int = 0) -> Iterator[subprocess.Popen[str]]:
    """``./shop`` with these arguments on this platform, going on while the block runs; it must end with that code."""
    with subprocess.Popen(
        shop_command(*arguments),
        cwd=ROOT,
        env=environment_of(settings),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        yield running
        _, told = running.communicate(timeout=COMMAND_SECONDS)
    assert running.returncode == exit_code, told
