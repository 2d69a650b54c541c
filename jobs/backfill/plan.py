"""What one backfill reads and writes, as it travels to its Flink program."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from jobs.history.stretch import Stretch
from schemas.results import RESULTS, Result
from schemas.topics import run_topic


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """One job's results, over a stretch of history.

    Attributes:
        run: Marks the topics of this run.
        job: The job whose SQL computes them.
        results: Names of the results.
        history: The events.
    """

    run: str
    job: str
    results: tuple[str, ...]
    history: Stretch

    @property
    def name(self) -> str:
        """Flink's name of the job."""
        return f"backfill-{self.job}-{self.run}"

    def shadow_topic(self, result: Result) -> str:
        """The topic that carries the rows of a result."""
        return shadow_topic(self.run, result)

    def chosen(self) -> tuple[Result, ...]:
        """The results."""
        return tuple(result for result in RESULTS if result.name in self.results)

    def to_json(self) -> str:
        """The plan as the program's argument."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> BackfillPlan:
        """The plan that ``to_json`` wrote."""
        found = json.loads(text)
        return cls(
            run=found["run"],
            job=found["job"],
            results=tuple(found["results"]),
            history=Stretch.from_object(found["history"]),
        )


KIND: Final = "backfill"
"""What its topics are named by."""


def shadow_topic(run: str, result: Result) -> str:
    """The topic of a run for one result."""
    return run_topic(KIND, run, result.topic)
