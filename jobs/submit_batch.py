"""Plans streaming jobs one after another and submits each as soon as it may. Started by ``flink/batch.py``.

Its only argument is the directory that the two share. Submitting waits for the cluster, so it has a thread of its own,
and planning goes on meanwhile. A job that cannot be planned or is refused does not hold up the others.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Final, TypeVar

from flink.batch import BatchDirectory, JobRequest, JobResult
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
    """Plan and submit every job of a batch."""
    with ThreadPoolExecutor(1) as submitter:
        for request in shared.requests():
            planned = _reported(shared, request.name, partial(plan, request, settings))
            if planned is not None:
                submitter.submit(_submit, shared, planned)
                _log(f"{request.name} is planned")


def _submit(shared: BatchDirectory, planned: PlannedJob) -> None:
    """Submit a job once it may be, if it is to be."""
    if planned.name not in _wait_for_release(shared):
        return
    job_id = _reported(shared, planned.name, planned.submit)
    if job_id is not None:
        shared.add_result(JobResult(planned.name, job_id))
        _log(f"{planned.name} is submitted as {job_id}")


def _wait_for_release(shared: BatchDirectory) -> frozenset[str]:
    deadline = time.monotonic() + RELEASE_SECONDS
    while time.monotonic() < deadline:
        if (names := shared.released()) is not None:
            return names
        time.sleep(POLL_SECONDS)
    return frozenset()


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
