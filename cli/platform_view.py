"""How the embedded platform is shown: while it starts, and by ``status``."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from cli.context import err
from local.state import PartState
from schemas.recommendations import utc_text

if TYPE_CHECKING:
    from local.state import PartStatus
    from local.status import JobReport, PartReport, PlatformReport

LASTING_SECONDS = 60.0
"""After this much running, the last end of a part is no longer shown."""

COLOURS = {
    PartState.STARTING: "yellow",
    PartState.READY: "green",
    PartState.HUNG: "red",
    PartState.WAITING: "red",
    PartState.STOPPED: "dim",
}


class StartView:
    """Shows parts while they start: a live table on a terminal, else a line for each part that is ready."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._parts: Mapping[str, PartStatus] = {}
        self._shown: set[str] = set()
        self._live: Live | None = None

    @contextmanager
    def shown(self) -> Iterator[StartView]:
        """Show it until the block ends."""
        if not err.is_terminal:
            yield self
            return
        with Live(get_renderable=self._table, console=err, refresh_per_second=5):
            yield self

    def update(self, parts: Mapping[str, PartStatus]) -> None:
        """Show this state from now on."""
        self._parts = parts
        if err.is_terminal:
            return
        for name, part in parts.items():
            if part.ready_seconds is not None and name not in self._shown:
                self._shown.add(name)
                err.print(f"{name} is ready after {part.ready_seconds:.1f} s")

    def _table(self) -> Table:
        table = Table("part", "state", "seconds", box=None, header_style="bold")
        elapsed = time.monotonic() - self._started
        for name, part in self._parts.items():
            seconds = elapsed if part.ready_seconds is None else part.ready_seconds
            note = f" ({part.problem})" if part.problem and part.ready_seconds is None else ""
            table.add_row(name, f"[{COLOURS[part.state]}]{part.state}[/]{note}", f"{seconds:.1f}")
        return table


class DownloadView:
    """Shows files while they are fetched."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("Fetching the platform's jars"),
            BarColumn(bar_width=20),
            TextColumn("{task.completed:.0f} of {task.total:.0f}  {task.description}"),
            console=err,
            transient=True,
        )
        self._task = None if not err.is_terminal else self._progress.add_task("", total=None, visible=False)

    @contextmanager
    def shown(self) -> Iterator[DownloadView]:
        """Show it until the block ends."""
        with self._progress:
            yield self

    def update(self, name: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` files are there."""
        if self._task is not None:
            self._progress.update(self._task, completed=done, total=total, description=name, visible=done < total)
        elif done == 1 or done == total:
            err.print(f"Fetched {done} of {total} jars of the platform")


def status_tables(report: PlatformReport) -> Iterator[Table | str]:
    """What ``status`` shows of a platform that runs."""
    parts = Table("part", "state", "pid", "port", "restarts", "uptime", "memory", box=None, header_style="bold")
    for column in parts.columns[2:]:
        column.justify = "right"
    for name, part in report.parts.items():
        parts.add_row(*_part_row(name, part))
        if part.memory.workers:
            count = f"{part.memory.workers} processes"
            parts.add_row("  Python workers", count, "", "", "", "", _mebibytes(part.memory.worker_bytes))
    parts.add_row("all, with the supervisor", "", "", "", "", "", f"[bold]{_mebibytes(report.total_bytes)}[/]")
    yield parts
    yield from (f"{name}: {p.status.problem}" for name, p in report.parts.items() if p.status.problem and _ails(p))
    yield ""
    if not report.jobs:
        yield "No jobs."
        return
    jobs = Table("job", "state", "tasks", "restarts", "last checkpoint", "checkpoints", box=None, header_style="bold")
    for job in report.jobs:
        jobs.add_row(*_job_row(job))
    yield jobs
    yield from (f"{job.name}: {job.problem}" for job in report.jobs if job.problem)
    yield from (f"[yellow]{warning}[/]" for warning in report.warnings)


def _ails(part: PartReport) -> bool:
    """Whether the last start of a part has not lasted yet."""
    return part.status.state is not PartState.READY or (part.uptime_seconds or 0.0) < LASTING_SECONDS


def status_json(report: PlatformReport) -> str:
    """The same as one JSON object."""
    return json.dumps(
        {
            "up": report.is_up,
            "well": report.is_well,
            "addresses": report.addresses,
            "memory_bytes": report.total_bytes,
            "parts": {name: _part_object(part) for name, part in report.parts.items()},
            "jobs": {job.name: _job_object(job) for job in report.jobs},
            "model": _model_object(report),
            "warnings": report.warnings,
        },
        indent=2,
    )


def _model_object(report: PlatformReport) -> dict[str, str | None] | None:
    if report.model is None:
        return None
    made_at = report.model.made_at
    return {"version": report.model.version, "made_at": None if made_at is None else utc_text(made_at)}


def _part_row(name: str, part: PartReport) -> tuple[str, ...]:
    status = part.status
    return (
        name,
        f"[{COLOURS[status.state]}]{status.state}[/]",
        str(status.process.pid) if status.process else "-",
        str(status.port or "-"),
        str(status.restarts),
        "-" if part.uptime_seconds is None else duration(part.uptime_seconds),
        _mebibytes(part.memory.own_bytes),
    )


def _part_object(part: PartReport) -> dict[str, Any]:
    status = part.status
    return {
        "state": str(status.state),
        "pid": status.process.pid if status.process else None,
        "port": status.port,
        "restarts": status.restarts,
        "ready_seconds": status.ready_seconds,
        "uptime_seconds": part.uptime_seconds,
        "memory_bytes": part.memory.own_bytes,
        "worker_memory_bytes": part.memory.worker_bytes,
        "workers": part.memory.workers,
        "problem": status.problem,
    }


def _job_row(job: JobReport) -> tuple[str, ...]:
    if job.status is None or job.health is None:
        return (job.name, "[red]not there[/]", "-", "-", "-", "-")
    last = job.health.last_checkpoint_ms
    return (
        job.name,
        f"[{'green' if job.status.state == 'RUNNING' else 'red'}]{job.status.state.lower()}[/]",
        f"{job.status.tasks_running}/{job.status.tasks}",
        str(job.health.restarts),
        "-" if last is None else f"{duration(time.time() - last / 1000)} ago",
        str(job.health.checkpoints),
    )


def _job_object(job: JobReport) -> dict[str, Any]:
    return {
        **(asdict(job.status) if job.status else {"state": None}),
        **(asdict(job.health) if job.health else {}),
        "problem": job.problem,
    }


def duration(seconds: float) -> str:
    """A length of time in one or two units."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _mebibytes(size: int) -> str:
    return f"{size / (1 << 20):,.0f} MB"
