"""What a fault expects of the system, and the error when it does not come true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from coordination.waiting import wait_until
from local.errors import PlatformError

DEFAULT_SECONDS: Final = 480.0
"""Long enough for a part to be started again."""


class ExpectationFailed(PlatformError):
    """The system did something else than the fault expects."""


def expect(description: str, condition: Callable[[], bool], timeout_seconds: float = DEFAULT_SECONDS) -> None:
    """Wait until a condition holds.

    Args:
        description: What is expected, for the error.
        condition: Whether it holds now.
        timeout_seconds: How long to wait.

    Raises:
        ExpectationFailed: It does not hold in time.
    """
    wait_until(
        condition,
        timeout_seconds,
        lambda: ExpectationFailed(f"Not so after {timeout_seconds:.0f} s: {description}."),
    )
