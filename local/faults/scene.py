"""Where a fault happens: a platform of its own, the shop in front of it, and a hand on both."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import psutil

from local.commands import run_shop
from local.faults import victims
from local.faults.fault import NotAsPromised
from local.faults.recovery import wait_until_recovered
from local.faults.shop import Trade, TroubledShop
from local.platform import Platform
from schemas.settings import Settings


@dataclass(frozen=True, slots=True)
class Options:
    """How faults are run.

    Attributes:
        records: Records that arrive during each fault at the least.
        rate: Records per second.
        kills: How often the TaskManager is killed.
        stop_seconds: How long a part is stopped by SIGSTOP.
        away_seconds: How long a part is kept away.
    """

    records: int = 4_000
    rate: float = 400.0
    kills: int = 10
    stop_seconds: float = 10.0
    away_seconds: float = 90.0


class Scene:
    """What a fault's function is given.

    Args:
        platform: To be broken.
        shop: Trades all the while.
        trade: What it sends during this fault.
        tell: Takes a line of what is being done.
        options: How long things take.

    Attributes:
        settings: The platform's.
    """

    def __init__(
        self,
        platform: Platform,
        shop: TroubledShop,
        trade: Trade,
        tell: Callable[[str], None],
        options: Options,
    ) -> None:
        self.platform = platform
        self.settings: Settings = platform.settings
        self.shop = shop
        self.trade = trade
        self.tell = tell
        self.options = options

    def kill(self, part: str) -> None:
        """Kill -9 of a part."""
        self.tell(f"kill -9 of {part}")
        victims.kill(self.platform, part)

    def kill_worker(self, find: Callable[[Platform], list[psutil.Process]] = victims.python_workers) -> None:
        """Kill -9 of one of Flink's Python workers."""
        self.tell("kill -9 of a Python worker")
        victims.kill_worker(self.platform, find)

    def stopped(self, part: str) -> AbstractContextManager[None]:
        """SIGSTOP to a part while a block runs."""
        self.tell(f"SIGSTOP to {part}")
        return victims.stopped(self.platform, part)

    def run(self, *arguments: str) -> str:
        """``./shop`` with these arguments on this platform; what it said.

        Raises:
            NotAsPromised: It fails.
        """
        self.tell(f"./shop {' '.join(arguments)}")
        done = run_shop(self.settings, *arguments)
        if done.returncode:
            message = f"'./shop {' '.join(arguments)}' ends with {done.returncode}: {done.stdout}{done.stderr}"
            raise NotAsPromised(message)
        return done.stdout + done.stderr

    def recover(self) -> None:
        """Wait until everything that has arrived is counted."""
        self.tell("waiting until everything is counted again")
        wait_until_recovered(self.platform)

    def pause(self, seconds: float) -> None:
        """Let the shop trade."""
        time.sleep(seconds)
