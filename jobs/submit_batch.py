"""Plans streaming jobs one after another and submits each as soon as it may. Started by ``flink/batch.py``.

Its only argument is the directory that the two share. Planning needs no server, so it goes on while they start. A job
that cannot be planned or is refused does not hold up the others.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Final, TypeVar

from coordination.waiting import wait_until
from flink.batch import BatchDirectory, JobRequest, JobResult
from flink.errors import JobError
from jobs.planned import PlannedJob
from schemas.settings import Settings

POLL_SECONDS: Final = 0.05
RELEASE_SECONDS: Final = 600.0
"""A client whose servers have not come up by then was left behind by who started it."""

_T = TypeVar("_T")


def plan(request: JobRequest, settings: Settings) -> PlannedJob:
    """Plan one job."""
    planned: PlannedJob = import_module(f"jobs.{request.name}.job").plan(
        request.settings(settings), request.restore_options()
    )
    return planned


def run(shared: BatchDirectory, settings: Settings) -> None:
    """Plan every job of a batch, and submit what is planned as soon as that may be.

    One thread does both: the planner keeps state in the Java thread that calls it, and of two Python threads either may
    get the Java thread of the other.
    """
    planned: list[PlannedJob] = []
    for request in shared.requests():
        job = _reported(shared, request.name, partial(plan, request, settings))
        if job is not None:
            _log(f"{request.name} is planned")
            planned.append(job)
        if shared.released() is not None:
            _submit_all(shared, planned)
    wait_until(lambda: shared.released() is not None, RELEASE_SECONDS, _left_behind, poll_seconds=POLL_SECONDS)
    _submit_all(shared, planned)


def _left_behind() -> JobError:
    return JobError(f"Nothing said within {RELEASE_SECONDS:.0f} seconds which jobs are to be submitted.")


def _submit_all(shared: BatchDirectory, planned: list[PlannedJob]) -> None:
    """Submit the jobs that are to be submitted, and take all from the list."""
    released = shared.released() or frozenset()
    while planned:
        job = planned.pop(0)
        if job.name not in released:
            continue
        job_id = _reported(shared, job.name, job.submit)
        if job_id is not None:
            shared.add_result(JobResult(job.name, job_id))
            _log(f"{job.name} is submitted as {job_id}")


def _reported(shared: BatchDirectory, name: str, step: Callable[[], _T]) -> _T | None:
    """What a step returns; None if it fails, which is the job's result then."""
    try:
        return step()
    except Exception:  # whatever it is, it is this job's alone
        traceback.print_exc()
        shared.add_result(JobResult(name, error=traceback.format_exc()))
        return None


def _log(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


if __name__ == "__main__":
    run(BatchDirectory(Path(sys.argv[1])), Settings())
