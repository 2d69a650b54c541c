"""Platforms of their own for tests that need to know everything that ever came in."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.paths import ROOT
from local.platform import Platform
from local.ports import free_base
from schemas.migrate import migrate
from schemas.settings import Settings

COMMAND_SECONDS = 900
CHECKPOINT_MS = 2_000
"""Of jobs that compute metrics: tests wait for each, and keep little state."""


@contextmanager
def platform_with(jobs: Iterable[str], data: Path, time_zone: str = "UTC", **more: Any) -> Iterator[Platform]:
    """A migrated platform that runs these jobs, with more settings."""
    chosen = {"metrics_checkpoint_interval_ms": CHECKPOINT_MS} | more
    settings = Settings(data_dir=data, port_base=free_base(random.Random()), time_zone=time_zone, **chosen)
    made = Platform(settings)
    made.fetch()
    try:
        made.up()
        migrate(made.settings)
        for job in jobs:
            made.jobs.desired.add(job)
            made.jobs.ensure(job)
            made.jobs.wait_until_running(job)
        yield made
    finally:
        made.down()


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables under which ``./shop`` means this platform."""
    return os.environ | settings.environment() | {"PYTHONPATH": str(ROOT)}


def run_shop(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``./shop`` with these arguments, on this platform."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=ROOT,
        env=environment_of(settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )


@contextmanager
def shop_in_background(settings: Settings, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The same, going on while the block runs; it must end well."""
    command = [sys.executable, "-m", "cli", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment_of(settings), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as running:
        yield running
        _, told = running.communicate(timeout=COMMAND_SECONDS)
    assert running.returncode == 0, told
