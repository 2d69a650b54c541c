"""Work beside the requests that must not end: each failure is logged and counted, and the work goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Final

log = logging.getLogger(__name__)

RESTART_SECONDS: Final = 0.5
"""Between a failure and the next try."""


class BackgroundTask:
    """Runs a step again and again.

    Args:
        name: For the log, the metric and readiness.
        step: One step; it waits by itself.
        on_failure: Told the name with each failure.

    Attributes:
        name: Its name.
        failure: What the last step failed with; "" where it did not.
    """

    def __init__(self, name: str, step: Callable[[], Awaitable[None]], on_failure: Callable[[str], None]) -> None:
        self.name = name
        self.failure = ""
        self._step = step
        self._on_failure = on_failure
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop, wherever the step is."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._step()
            except Exception as error:
                if repr(error) != self.failure:
                    log.exception("The background task %s failed, and is tried again", self.name)
                self.failure = repr(error)
                self._on_failure(self.name)
                await asyncio.sleep(RESTART_SECONDS)
            else:
                self.failure = ""


def failing(tasks: Iterable[BackgroundTask]) -> str:
    """Which of some tasks failed last, and with what, for readiness; "" where none did."""
    failures = [f"{task.name} ({task.failure})" for task in tasks if task.failure]
    if not failures:
        return ""
    return f"What runs in the background fails and is tried again: {', '.join(failures)}. The log says more."
