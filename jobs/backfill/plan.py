"""What one backfill reads and writes, as it travels to its Flink program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from schemas.results import RESULTS, Result


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """One job's results, over a fixed stretch of history.

    Attributes:
        run: Marks the topics of this run.
        job: The job whose SQL computes them.
        results: Names of the results.
        history_topic: The topic that carries the events which Kafka no longer holds in ``events``; "" for none.
        from_offsets: Partition of ``events`` -> the first offset that is read there.
        to_offsets: Partition of ``events`` -> the offset at which reading ends.
    """

    run: str
    job: str
    results: tuple[str, ...]
    history_topic: str
    from_offsets: Mapping[int, int]
    to_offsets: Mapping[int, int]

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
            history_topic=found["history_topic"],
            from_offsets=_by_partition(found["from_offsets"]),
            to_offsets=_by_partition(found["to_offsets"]),
        )


TOPIC_PREFIX = "backfill-"


def history_topic(run: str) -> str:
    """The topic of a run for the events that come from the lake."""
    return f"{TOPIC_PREFIX}{run}-events"


def shadow_topic(run: str, result: Result) -> str:
    """The topic of a run for one result."""
    return f"{TOPIC_PREFIX}{run}-{result.topic}"


def _by_partition(offsets: Mapping[str, int]) -> dict[int, int]:
    return {int(partition): offset for partition, offset in offsets.items()}
