"""What one backfill reads and writes, as it travels to its Flink program."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from jobs.history.bounded import BoundedEvents
from schemas.results import RESULTS, Result
from schemas.topics import run_topic


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """One job's results, over history.

    Attributes:
        run: Marks the topics of this run.
        job: The job whose SQL computes them.
        results: Names of the results.
        history: The events.
    """

    run: str
    job: str
    results: tuple[str, ...]
    history: BoundedEvents

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
        content = json.loads(text)
        return cls(
            run=content["run"],
            job=content["job"],
            results=tuple(content["results"]),
            history=BoundedEvents.from_object(content["history"]),
        )


KIND: Final = "backfill"
"""What its topics are named by."""


def shadow_topic(run: str, result: Result) -> str:
    """The topic of a run for one result."""
    return run_topic(KIND, run, result.topic)
