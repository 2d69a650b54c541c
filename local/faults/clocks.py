"""Faults of the clock: that of every part is a day ahead for a while, then right again.

The parts' clocks are moved by libfaketime (Debian: ``libfaketime``); where it is not installed, the fault says so and
is not run. The shop in front keeps the right time, as does whoever measures.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from local.faults.fault import METRICS, CannotBeDone, Fault, Stage
from local.faults.scene import Scene

LIBRARIES: Final = ("lib", "lib64", "local/lib")
LIBRARY: Final = "faketime/libfaketimeMT.so.1"
CLOCK_FILE: Final = "clock"
RIGHT: Final = "+0"
A_DAY_AHEAD: Final = "+1d"
AHEAD_SECONDS: Final = 20.0


def environment_of(home: Path) -> Mapping[str, str]:
    """Variables under which a process takes the time from the clock file in ``home``.

    Raises:
        CannotBeDone: libfaketime is not installed.
    """
    set_clock(home, RIGHT)
    return {
        "LD_PRELOAD": str(_library()),
        "FAKETIME_TIMESTAMP_FILE": str(home / CLOCK_FILE),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def set_clock(home: Path, offset: str) -> None:
    """Move the clock of every process that has the environment of ``home``."""
    (home / CLOCK_FILE).write_text(f"{offset}\n", encoding="utf-8")


def jump_a_day(scene: Scene) -> None:
    """Let every part's clock jump one day ahead, and back again."""
    home = scene.platform.data.root.parent
    scene.tell("every clock is a day ahead")
    set_clock(home, A_DAY_AHEAD)
    scene.pause(AHEAD_SECONDS)
    scene.recover()
    scene.tell("every clock is right again")
    set_clock(home, RIGHT)
    scene.pause(AHEAD_SECONDS)


def _library() -> Path:
    found = next((path for lib in LIBRARIES for path in Path("/usr", lib).glob(f"**/{LIBRARY}")), None)
    if found is None:
        raise CannotBeDone("libfaketime is not installed (Debian: apt-get install libfaketime).")
    return found


FAULTS: Final = (
    Fault(
        "clock-a-day-ahead",
        "the clock of every part jumps a day ahead, and back",
        jump_a_day,
        Stage(METRICS, own="clock", moves_clock=True),
        slow_because="it needs a platform of its own, and libfaketime",
    ),
)
