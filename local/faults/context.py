"""What a fault's functions work with: a platform of the suite's own, the load on it, and options."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import psutil

from local.commands import run_shop
from local.faults import targets
from local.faults.expectation import ExpectationFailed
from local.faults.load import Load, LoadGenerator
from local.faults.recovery import wait_until_recovered
from local.platform import Platform
from schemas.settings import Settings


@dataclass(frozen=True, slots=True)
class Options:
    """How faults are run.

    Attributes:
        records: Records sent during each fault, at least.
        rate: Records per second.
        kills: How often the TaskManager is killed.
        stop_seconds: How long a part is stopped by SIGSTOP.
        away_seconds: How long a part is kept down.
    """

    records: int = 4_000
    rate: float = 400.0
    kills: int = 10
    stop_seconds: float = 10.0
    away_seconds: float = 90.0


class FaultContext:
    """What a fault's functions work with.

    Args:
        platform: To be broken.
        generator: The shop that sends records.
        load: What it sends during this fault.
        log: Takes a line of progress.
        options: How long things take.

    Attributes:
        settings: The platform's.
    """

    def __init__(
        self,
        platform: Platform,
        generator: LoadGenerator,
        load: Load,
        log: Callable[[str], None],
        options: Options,
    ) -> None:
        self.platform = platform
        self.settings: Settings = platform.settings
        self.generator = generator
        self.load = load
        self.log = log
        self.options = options

    def kill(self, part: str) -> None:
        """Kill -9 of a part."""
        self.log(f"kill -9 of {part}")
        targets.kill(self.platform, part)

    def kill_worker(self, workers_of: Callable[[Platform], list[psutil.Process]] = targets.python_workers) -> None:
        """Kill -9 of one of Flink's Python workers."""
        self.log("kill -9 of a Python worker")
        targets.kill_worker(self.platform, workers_of)

    def stopped(self, part: str) -> AbstractContextManager[None]:
        """SIGSTOP to a part while a block runs."""
        self.log(f"SIGSTOP to {part}")
        return targets.stopped(self.platform, part)

    def run(self, *arguments: str) -> str:
        """Run ``./shop`` with these arguments on this platform, and return its output.

        Raises:
            ExpectationFailed: It fails.
        """
        self.log(f"./shop {' '.join(arguments)}")
        process = run_shop(self.settings, *arguments)
        output = process.stdout + process.stderr
        if process.returncode:
            message = f"'./shop {' '.join(arguments)}' ends with {process.returncode}: {output}"
            raise ExpectationFailed(message)
        return output

    def recover(self) -> None:
        """Wait until everything that has been sent is counted."""
        self.log("waiting until everything is counted again")
        wait_until_recovered(self.platform)

    def pause(self, seconds: float) -> None:
        """Let the load go on for some time."""
        time.sleep(seconds)
