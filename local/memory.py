"""How much memory a part uses: the proportional set size of its processes, in which a shared page counts once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import psutil

from local.processes import ProcessId

PYTHON_WORKER: Final = "pyflink.fn_execution"


@dataclass(frozen=True, slots=True)
class PartMemory:
    """Memory of one part.

    Attributes:
        own_bytes: Of its processes other than Python workers.
        worker_bytes: Of the Python workers that a TaskManager started.
        workers: How many of these there are.
    """

    own_bytes: int
    worker_bytes: int
    workers: int


def memory_of(process: ProcessId) -> PartMemory:
    """The memory of a part's whole session."""
    own = workers = worker_bytes = 0
    for member in process.session():
        try:
            size = _proportional_bytes(member)
            is_worker = PYTHON_WORKER in " ".join(member.cmdline())
        except psutil.NoSuchProcess:
            continue
        if is_worker:
            worker_bytes += size
            workers += 1
        else:
            own += size
    return PartMemory(own, worker_bytes, workers)


def _proportional_bytes(process: psutil.Process) -> int:
    """The PSS where the system has it (Linux), else the resident set size."""
    try:
        full = process.memory_full_info()
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
    return int(getattr(full, "pss", full.rss))
