"""Results of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recommender.evaluation.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Result:
    """How good a model is by a protocol.

    Attributes:
        model: Its name.
        parameters: What it was made with, as chosen on the validation split; JSON can hold them.
        metrics: Its measures on the test part.
        baselines: The same measures of the models it is compared with, by their names.
    """

    model: str
    parameters: Mapping[str, Any]
    metrics: Metrics
    baselines: Mapping[str, Metrics]


@dataclass(frozen=True, slots=True)
class Report:
    """A result and what it cost.

    Attributes:
        protocol: How it was measured.
        result: How good the model is.
        seconds: Wall time of all of it: reading, choosing parameters, fitting, measuring.
        cpu_seconds: CPU time of the same, all threads together.
    """

    protocol: str
    result: Result
    seconds: float = field(compare=False)
    cpu_seconds: float = field(compare=False)

    def as_json(self) -> dict[str, Any]:
        """The one object that ``./shop evaluate --json`` prints."""
        return {
            "protocol": self.protocol,
            "model": self.result.model,
            "parameters": dict(self.result.parameters),
            "metrics": self.result.metrics,
            "baselines": dict(self.result.baselines),
            "seconds": round(self.seconds, 1),
            "cpu_seconds": round(self.cpu_seconds, 1),
        }
