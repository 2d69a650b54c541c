"""Waiting until another process has brought something about."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

POLL_SECONDS: Final = 0.2

_T = TypeVar("_T")


def wait_until(
    condition: Callable[[], _T | None],
    timeout_seconds: float,
    too_late: Callable[[], Exception],
    *,
    poll_seconds: float = POLL_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> _T:
    """Ask again and again until the answer is neither None, False nor empty, and return it.

    Args:
        condition: Asks once; what it raises ends the waiting.
        timeout_seconds: How long to go on. The condition is asked at least once, and once more after the last pause.
        too_late: Makes the error to raise after that time.
        poll_seconds: The pause between two questions.
        clock: Monotonic seconds.
        sleep: Waits so many seconds.

    Raises:
        Exception: What ``too_late`` makes: the time is up.
    """
    deadline = clock() + timeout_seconds
    while True:
        last = clock() >= deadline
        if answer := condition():
            return answer
        if last:
            raise too_late()
        sleep(poll_seconds)
