"""Flink's command line client: its arguments, how it is run, and the reason in its output."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from flink.errors import JobError
from schemas.settings import Settings

DETACHED: Final = "-d"
_CAUSE: Final = re.compile(r"^\s*Caused by: (.*)$", re.MULTILINE)
_PYTHON_ERROR: Final = re.compile(r"^Traceback \(most recent call last\):\n(?:[ \t].*\n)+(\S.*)$", re.MULTILINE)
_EPILOGUE: Final = "Python Process Exited"
"""After this the client only says that Python ended."""

_ECHO: Final = "PythonDriver - "
"""The client logs each line that Python prints, and prints it as well."""


class FlinkClient(Protocol):
    """Flink's command line client, ready to run."""

    def client_command(self, arguments: list[str], temporary: Path) -> list[str]:
        """The command that runs the client with ``arguments``, its temporary files in ``temporary``."""
        ...

    def environment(self) -> dict[str, str]:
        """Variables it needs, the SHOP_ settings of the job among them."""
        ...

    def log(self, name: str) -> Path:
        """The file that keeps everything the client says about a program of this name."""
        ...


def client_arguments(program: Path, archive: Path, settings: Settings, restore_from: Path | None) -> list[str]:
    """The arguments of ``flink`` that submit a program."""
    address = urlsplit(settings.flink_url)
    restore = ["-s", restore_from.as_posix(), "-claimMode", "CLAIM"] if restore_from else []
    return [
        "run",
        DETACHED,
        f"-Drest.address={address.hostname}",
        f"-Drest.port={address.port}",
        *restore,
        "-pyfs",
        str(archive),
        "-py",
        str(program),
    ]


def run_client(
    name: str,
    command: list[str],
    environment: dict[str, str],
    log: Path,
    timeout_seconds: int,
    meanwhile: Callable[[], None] = lambda: None,
) -> tuple[int, str]:
    """Run Flink's client; its exit code and its output.

    Args:
        name: What to call its job in an error.
        command: The client's.
        environment: Variables in addition to this process's own.
        log: Where its output is kept.
        timeout_seconds: How long it may run after ``meanwhile``.
        meanwhile: Called once it has started; it is ended where this fails.

    Raises:
        JobError: It has not ended in time.
    """
    with (
        log.open("w+", encoding="utf-8") as output,
        subprocess.Popen(
            command,
            env={**os.environ, **environment},  # a child needs PATH, HOME, LANG as well
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            meanwhile()
            exit_code = process.wait(timeout_seconds)
        except subprocess.TimeoutExpired as error:
            process.kill()
            message = f"Flink did not take the job {name} within {timeout_seconds} seconds. See {log}."
            raise JobError(message) from error
        except BaseException:
            process.kill()
            raise
    return exit_code, log.read_text(encoding="utf-8", errors="replace")


def reason_in(output: str) -> str:
    """Why a submission failed: Python's error if it raised one, with the innermost cause that Java names."""
    once = "\n".join(line for line in output.split(_EPILOGUE)[0].splitlines() if _ECHO not in line)
    raised = _PYTHON_ERROR.findall(once)  # the last one ended the program, those before are what it was raised from
    causes = _CAUSE.findall(once)
    last = [matches[-1].strip() for matches in (raised, causes) if matches]
    if any(last):
        return "; ".join(dict.fromkeys(filter(None, last)))
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"
