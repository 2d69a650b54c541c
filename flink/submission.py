"""Brings one program to a Flink cluster. Its code travels with it, as one archive."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from coordination.files import write_atomically
from flink.client import DETACHED, FlinkClient, client_arguments, reason_in, run_client
from flink.code import job_program, write_code_archive
from flink.errors import JobError
from schemas.settings import Settings

SUBMIT_SECONDS: Final = 180
BOUNDED_SECONDS: Final = 6 * 60 * 60
NOT_RESTORABLE_HINT: Final = (
    "The job has changed since its last checkpoint. Run the version of the code that made it, or start anew with "
    "'./shop submit {name} --fresh'.\n"
)
_NOT_RESTORABLE: Final = "Failed to rollback to checkpoint"
_SUBMITTED: Final = re.compile(r"Job has been submitted with JobID ([0-9a-f]{32})")


def submit_program(
    name: str,
    program: Path,
    settings: Settings,
    client: FlinkClient,
    log: Path,
    restore_from: Path | None = None,
    arguments: tuple[str, ...] = (),
    code: Path | None = None,
) -> str:
    """Submit a program and return Flink's id of its job.

    Args:
        name: What to call it in an error.
        program: The program.
        settings: Which cluster.
        client: Flink's client.
        log: Where its output is kept.
        restore_from: A checkpoint to start from, which the job then owns; None to start from nothing.
        arguments: The program's own.
        code: The archive of the packages that it runs on; None for those of today.

    Raises:
        JobError: Flink refuses it; with Flink's own reason.
    """
    with tempfile.TemporaryDirectory(prefix="shopstream-submit-") as directory:
        archive = code or write_code_archive(Path(directory) / "shopstream.zip")
        command = [*client_arguments(program, archive, settings, restore_from), *arguments]
        command = client.client_command(command, Path(directory))
        _, output = run_client(name, command, client.environment(), log, SUBMIT_SECONDS)
    submitted = _SUBMITTED.search(output)
    if submitted is None:
        raise refusal(name, output, log)
    return submitted[1]


def run_to_end(name: str, settings: Settings, client: FlinkClient, log: Path, argument: Callable[[], str]) -> None:
    """Run a job that ends by itself, and wait until it has.

    Args:
        name: The job, one of BOUNDED_JOBS.
        settings: Which cluster.
        client: Flink's client, in which the program runs.
        log: Where its output is kept.
        argument: Makes the program's argument. It is called while the program starts, which takes some seconds, and
            the program waits for it by ``flink.argument``.

    Raises:
        ConfigurationError: There is no such job.
        JobError: It fails; with its own reason.
    """
    program = job_program(name)
    with tempfile.TemporaryDirectory(prefix="shopstream-submit-") as directory:
        archive = write_code_archive(Path(directory) / "shopstream.zip")
        file = Path(directory) / "argument"
        attached = [word for word in client_arguments(program, archive, settings, None) if word != DETACHED]
        command = client.client_command([*attached, str(file)], Path(directory))
        exit_code, output = run_client(
            name, command, client.environment(), log, BOUNDED_SECONDS, lambda: write_atomically(file, argument())
        )
    if exit_code:
        message = f"The job {name} failed: {reason_in(output)}\nThe client's output is in {log}."
        raise JobError(message)


def refusal(name: str, output: str, log: Path) -> JobError:
    """What to raise when Flink does not take a job.

    Args:
        name: The job.
        output: The client's output about it.
        log: Where all of the client's output is.
    """
    hint = NOT_RESTORABLE_HINT.format(name=name) if _NOT_RESTORABLE in output else ""
    return JobError(f"Flink refuses the job {name}: {reason_in(output)}\n{hint}The client's output is in {log}.")
