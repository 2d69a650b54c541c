"""The code of the jobs: which there are, and the archive of it that travels with a job."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from schemas.errors import ConfigurationError
from schemas.topics import INGEST

PACKAGES: Final = ("jobs", "flink", "recommender", "connections", "coordination", "schemas")
SHIPPED: Final = frozenset({".py", ".sql", ".avsc"})
BOUNDED_JOBS: Final = frozenset({"training"})
"""Jobs that end by themselves, given the history that they read: they are run, and not kept running."""

ROOT: Final = Path(__file__).resolve().parent.parent


def known_jobs() -> list[str]:
    """The names of the jobs that can be submitted."""
    return sorted(path.parent.name for path in (ROOT / "jobs").glob("*/job.py"))


def job_program(name: str) -> Path:
    """The program of a job.

    Raises:
        ConfigurationError: There is no such job.
    """
    program = ROOT / "jobs" / name / "job.py"
    if name not in known_jobs():
        message = f"There is no job {name!r}. There are: {', '.join(known_jobs())}."
        raise ConfigurationError(message)
    return program


def streaming_jobs() -> list[str]:
    """The names of the jobs that run for good; first the one that the others wait for."""
    return sorted(set(known_jobs()) - BOUNDED_JOBS, key=lambda name: (name != INGEST, name))


def write_code_archive(target: Path) -> Path:
    """Write the packages that a job runs on into one zip file."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for package in PACKAGES:
            for path in sorted((ROOT / package).rglob("*")):
                if path.suffix in SHIPPED:
                    archive.write(path, path.relative_to(ROOT))
    return target
