"""The protocols of ``./shop evaluate`` by name.

A protocol is a module with a function ``evaluate(request, progress) -> Result``. It reads the files of the request,
chooses parameters on a validation split cut from the training part, fits once more on all of the training part, and
measures on the test part, which was not used before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from recommender.evaluation import next_item, sampled, session, temporal
from recommender.evaluation.report import Report, Result
from recommender.evaluation.request import Progress, Request
from schemas.errors import ConfigurationError

PROTOCOLS: Final[Mapping[str, Callable[[Request, Progress], Result]]] = {
    "next-item": next_item.evaluate,
    "sampled": sampled.evaluate,
    "session": session.evaluate,
    "temporal": temporal.evaluate,
}


def run(protocol: str, request: Request, progress: Progress) -> Report:
    """Evaluate by a protocol.

    Raises:
        ConfigurationError: There is no such protocol or model, or a file is not of the protocol's format.
    """
    if protocol not in PROTOCOLS:
        message = f"There is no protocol {protocol!r}; there are {', '.join(PROTOCOLS)}."
        raise ConfigurationError(message)
    wall, cpu = time.perf_counter(), time.process_time()
    result = PROTOCOLS[protocol](request, progress)
    return Report(protocol, result, time.perf_counter() - wall, time.process_time() - cpu)
