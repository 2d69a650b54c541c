"""What a fault is, and what came of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from local.errors import PlatformError
from simulator.simulation import Record

if TYPE_CHECKING:
    from local.faults.scene import Scene

METRICS: Final = ("ingest", "analytics", "sessions")
"""The jobs behind every table of the ledger."""

PERSONAL: Final = (*METRICS, "catalogue", "personalise")
"""The same, and those that write what Redis holds."""

Arrivals = Callable[[Iterator[Record]], Iterator[Record]]
"""Turns the shop's records into those that arrive."""


class NotAsPromised(PlatformError):
    """The system did something else than the fault's words say."""


class CannotBeDone(PlatformError):
    """This machine lacks what the fault needs."""


def as_they_come(records: Iterator[Record]) -> Iterator[Record]:
    """Nothing is done to the records."""
    return records


@dataclass(frozen=True, slots=True)
class Stage:
    """On which platform a fault happens; faults of equal stages follow one another on one platform.

    Attributes:
        jobs: The jobs that run.
        settings: Settings that differ from the defaults: what is counted shows in the offsets that jobs commit with
            their checkpoints, so they make them often.
        disks: Folder of the data directory -> bytes of the small disk that lies there.
        own: What the faults on it have in common that other faults must not meet; "" for nothing.
    """

    jobs: tuple[str, ...] = METRICS
    settings: Mapping[str, Any] = field(default_factory=lambda: {"metrics_checkpoint_interval_ms": 2_000})
    disks: Mapping[str, int] = field(default_factory=dict)
    own: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which something breaks.

    Attributes:
        name: What it is called on the command line.
        words: What is done, in words.
        strike: Breaks and heals; returns at the end of the fault.
        stage: Where.
        mend: What is to be done once the shop has stopped, before the results are compared.
        arrivals: What happens to the shop's records while the fault lasts.
        slow_because: Why the tests do not run it unless they are told to run all; "" where they do.
    """

    name: str
    words: str
    strike: Callable[[Scene], None]
    stage: Stage = Stage()
    arrivals: Arrivals = as_they_come
    mend: Callable[[Scene], None] = lambda _scene: None
    slow_because: str = ""

    @property
    def by_default(self) -> bool:
        """Whether the tests run it unless they are told to run all."""
        return not self.slow_because


class Verdict(StrEnum):
    """What a fault ended in."""

    EQUAL = "equal"
    DIFFERS = "differs"
    BROKEN = "not as promised"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one fault.

    Attributes:
        fault: Which.
        verdict: Whether everything is as the ledger says.
        events: Events that the ledger had accepted when the results were compared, those of the fault among them.
        records: Records that arrived during this fault.
        rows: Rows of results that were compared.
        lost: Accepted events that ClickHouse does not have.
        doubled: Accepted events that it, or the topic ``events``, has more than once.
        recovery_seconds: From the end of the fault until every record that had arrived by then was counted in
            ClickHouse, every part answered and every job ran.
        seconds: All of it.
        problem: What is wrong, in words; "" when nothing is.
    """

    fault: Fault
    verdict: Verdict
    events: int = 0
    records: int = 0
    rows: int = 0
    lost: int = 0
    doubled: int = 0
    recovery_seconds: float | None = None
    seconds: float = 0.0
    problem: str = ""
