"""What a fault is, and its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from flink.code import streaming_jobs
from local.faults.context import FaultContext
from local.faults.load import RecordTransform
from operations.running_jobs import METRICS_JOBS
from schemas.topics import INGEST
from simulator.simulation import Record

METRICS: Final = (INGEST, *sorted(METRICS_JOBS))
"""The jobs behind every table of the ledger."""


def unchanged(records: Iterator[Record]) -> Iterator[Record]:
    """The records as they are."""
    return records


@dataclass(frozen=True, slots=True)
class PlatformSpec:
    """The platform that a fault needs. Faults with equal specs follow one another on one platform.

    Attributes:
        jobs: The jobs that run; every streaming job unless said otherwise.
        settings: Settings that differ from the defaults. Jobs commit offsets with their checkpoints, and by these
            offsets the suite sees what is counted, so checkpoints are frequent.
        disks: Folder of the data directory -> bytes of the small disk that is mounted there.
        isolation: Faults with another value here never share a platform; "" for the common one.
    """

    jobs: tuple[str, ...] = field(default_factory=lambda: tuple(streaming_jobs()))
    settings: Mapping[str, Any] = field(default_factory=lambda: {"metrics_checkpoint_interval_ms": 2_000})
    disks: Mapping[str, int] = field(default_factory=dict)
    isolation: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which something breaks.

    Attributes:
        name: What it is called on the command line.
        description: What is injected.
        inject: Breaks something; returns at the end of the fault.
        platform: The platform that it needs.
        transform: Changes the shop's records while the fault lasts.
        repair: What an operator has to do afterwards. It runs when the load has ended, before results are compared.
        slow_because: Why the tests leave it to ``./shop faults``; "" where they run it as well.
    """

    name: str
    description: str
    inject: Callable[[FaultContext], None]
    platform: PlatformSpec = PlatformSpec()
    transform: RecordTransform = unchanged
    repair: Callable[[FaultContext], None] = lambda _context: None
    slow_because: str = ""


class Outcome(StrEnum):
    """How a fault ended."""

    EQUAL = "equal"
    DIFFERS = "differs"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class FaultResult:
    """The result of one fault.

    Attributes:
        fault: Which.
        outcome: Whether everything equals the ledger.
        events: Events that the ledger had accepted when results were compared, those of earlier faults included.
        records: Records sent during this fault.
        rows: Rows of results that were compared.
        lost: Accepted events that ClickHouse does not have.
        duplicated: Accepted events that it, or the topic ``events``, has more than once.
        recovery_seconds: From the end of the fault until every record that had arrived by then was counted in
            ClickHouse, every part answered and every job ran.
        seconds: The whole run.
        problem: What is wrong; "" when nothing is.
    """

    fault: Fault
    outcome: Outcome
    events: int = 0
    records: int = 0
    rows: int = 0
    lost: int = 0
    duplicated: int = 0
    recovery_seconds: float | None = None
    seconds: float = 0.0
    problem: str = ""
