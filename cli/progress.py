"""Progress bars of counted work."""

from __future__ import annotations

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from cli.context import err


def event_progress() -> Progress:
    """A bar that shows how many events are done, how many per second, and how long the rest will take."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        _Rate(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=err,
    )


def file_progress() -> Progress:
    """A bar of how much of a file is read, for where that alone tells how far the work is; its field: ``events``."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        DownloadColumn(),
        TransferSpeedColumn(),
        TextColumn("{task.fields[events]:,} events"),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=err,
    )


class _Rate(ProgressColumn):
    """Events per second: of the last seconds while it runs, of all when it is done."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("- events/s" if speed is None else f"{speed:,.0f} events/s", style="progress.data.speed")
