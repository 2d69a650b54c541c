"""What a person sees while a command works: bars of counted work, words otherwise, in a terminal and in a log."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from cli.context import err

LOG_SECONDS: Final = 5.0
"""Where nobody watches, the words are a line as often as this, as long as they change or work goes on."""


class Working(Protocol):
    """Words on what is being done; rich's ``Status`` is one."""

    def update(self, words: str) -> None:
        """Show these words from now on."""
        ...

    def stop(self) -> None:
        """Show nothing any more, for a bar follows."""
        ...


class LoggedWork:
    """Words on what is being done, for where nobody watches: a line every few seconds.

    Args:
        words: What is being done.
        interval_seconds: Between two lines.
    """

    def __init__(self, words: str, interval_seconds: float = LOG_SECONDS) -> None:
        self._words = words
        self._interval_seconds = interval_seconds
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._log, name="progress", daemon=True)

    def __enter__(self) -> LoggedWork:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Show nothing any more."""
        self._ended.set()
        self._thread.join()

    def update(self, words: str) -> None:
        """Show these words from now on."""
        self._words = words

    def _log(self) -> None:
        while not self._ended.wait(self._interval_seconds):
            err.print(f"{self._words} {time.monotonic() - self._started:.0f} s", markup=False, soft_wrap=True)


@contextmanager
def working(words: str) -> Iterator[Working]:
    """Show what is being done until the block ends: a line that moves in a terminal, a line now and then in a log."""
    if err.is_terminal:
        with err.status(words) as status:
            yield status
    else:
        with LoggedWork(words) as work:
            yield work


class Stages:
    """How long each stage of a command took.

    Attributes:
        seconds: Of each stage by its name, in the order in which they ended.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._started = time.monotonic()

    @property
    def all_seconds(self) -> float:
        """Since the first stage could begin."""
        return time.monotonic() - self._started

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Time the block as one stage."""
        before = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - before


class _Bar(Progress):
    """A bar of counted work: it moves in a terminal, and is a line every few seconds in a log."""

    def __init__(self, *columns: ProgressColumn) -> None:
        super().__init__(*columns, console=err)
        self._next_line = time.monotonic() + LOG_SECONDS

    def update(self, task_id: TaskID, **changes: Any) -> None:
        super().update(task_id, **changes)
        if not self.console.is_terminal and time.monotonic() >= self._next_line:
            self.console.print(self.get_renderable())
            self._next_line = time.monotonic() + LOG_SECONDS


def event_progress() -> Progress:
    """A bar that shows how many events are done, how many per second, and how long the rest will take."""
    return _Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        _Rate(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )


def file_progress() -> Progress:
    """A bar of how much of a file is read, for where that alone tells how far the work is; its field: ``events``."""
    return _Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        DownloadColumn(),
        TransferSpeedColumn(),
        TextColumn("{task.fields[events]:,} events"),
        TextColumn("left"),
        TimeRemainingColumn(),
    )


class _Rate(ProgressColumn):
    """Events per second: of the last seconds while it runs, of all when it is done."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("- events/s" if speed is None else f"{speed:,.0f} events/s", style="progress.data.speed")
