"""The argument of a job that ends by itself, which is made while its program starts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from coordination.waiting import wait_until
from flink.errors import JobError

WAIT_SECONDS: Final = 6 * 60 * 60.0
"""Who makes it ends the program where it cannot be made."""


def wait_for_argument(file: Path) -> str:
    """The argument, once ``file`` is there.

    Raises:
        JobError: It is not there in time.
    """
    wait_until(file.exists, WAIT_SECONDS, lambda: JobError(f"Nothing was written to {file}."), poll_seconds=0.05)
    return file.read_text(encoding="utf-8")
