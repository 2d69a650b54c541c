"""The state of the platform's parts, which the supervisor writes to a file that any process may read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from coordination.files import write_atomically
from local.processes import ProcessId


class PartState(StrEnum):
    """Where a part is between its start and its end."""

    STARTING = "starting"
    READY = "ready"
    HUNG = "not answering"
    WAITING = "waiting to restart"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part.

    Attributes:
        state: Where it is.
        process: Its process; None when it has none.
        port: The port it serves; None when it serves none.
        restarts: How often it was started again since the supervisor started.
        ready_seconds: How long the latest start took; None before it is ready.
        log_offset: Where the latest start's output begins in its log.
        problem: The last error; "" for none.
    """

    state: PartState
    process: ProcessId | None = None
    port: int | None = None
    restarts: int = 0
    ready_seconds: float | None = None
    log_offset: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PlatformState:
    """The platform as its supervisor sees it.

    Attributes:
        supervisor: The supervisor's process.
        port_base: The base of all its ports.
        parts: Each part by its name.
        job_problems: What keeps a desired job from running, by its name.
    """

    supervisor: ProcessId
    port_base: int
    parts: dict[str, PartStatus] = field(default_factory=dict)
    job_problems: dict[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write it to ``path``, in one step."""
        write_atomically(path, json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, path: Path) -> PlatformState | None:
        """The state in ``path``; None when there is none."""
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return cls(
            supervisor=ProcessId(**fields["supervisor"]),
            port_base=fields["port_base"],
            parts={name: _part(part) for name, part in fields["parts"].items()},
            job_problems=fields["job_problems"],
        )


def _part(fields: dict[str, Any]) -> PartStatus:
    process = fields.pop("process")
    state = PartState(fields.pop("state"))
    return PartStatus(state=state, process=ProcessId(**process) if process else None, **fields)
