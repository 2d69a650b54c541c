"""``./shop`` as a subprocess, on a given platform."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

from local.paths import ROOT
from schemas.settings import Settings

COMMAND_SECONDS: Final = 900.0


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment in which ``./shop``, and every other program of the product, uses this platform."""
    return os.environ | settings.environment() | {"PYTHONPATH": str(ROOT)}


def shop_command(*arguments: str) -> list[str]:
    """``./shop`` with these arguments, without the preparations of the shell script."""
    return [sys.executable, "-P", "-m", "cli", *arguments]


def run_shop(
    settings: Settings, *arguments: str, timeout_seconds: float = COMMAND_SECONDS
) -> subprocess.CompletedProcess[str]:
    """Run it on this platform; the caller checks its exit code.

    Raises:
        subprocess.TimeoutExpired: It takes longer.
    """
    return subprocess.run(
        shop_command(*arguments),
        cwd=ROOT,
        env=environment_of(settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
