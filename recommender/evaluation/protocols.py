"""The protocols of ``./shop evaluate`` by name.

A protocol is a module with a function ``evaluate(request, progress) -> Result``. It reads the files of the request,
chooses parameters on a validation split cut from the training part, fits once more on all of the training part, and
measures on the test part, which was not used before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from recommender.evaluation import next_item, sampled, session, temporal
from recommender.evaluation.report import Report, Result
from recommender.evaluation.request import BLEND, Progress, Request
from recommender.models.former_names import current_model_name
from schemas.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol.

    Attributes:
        evaluate: Measures a model.
        models: The models that it may measure, beside the blend of them; some need data of a kind.
        options: The options of a request that it uses, of those that not every protocol does.
    """

    evaluate: Callable[[Request, Progress], Result]
    models: Sequence[str]
    options: frozenset[str]


PROTOCOLS: Final[Mapping[str, Protocol]] = {
    "next-item": Protocol(next_item.evaluate, next_item.MODELS, frozenset({"data", "attributes"})),
    "sampled": Protocol(sampled.evaluate, sampled.MODELS, frozenset({"data"})),
    "session": Protocol(session.evaluate, session.MODELS, frozenset({"data", "train", "test"})),
    "temporal": Protocol(temporal.evaluate, temporal.MODELS, frozenset({"data", "test_purchases", "cut", "repeats"})),
}

UNSET: Final = Request()


def run(protocol: str, request: Request, progress: Progress) -> Report:
    """Evaluate by a protocol.

    Raises:
        ConfigurationError: There is no such protocol or model, the protocol does not use an option, or a file is not of
            the protocol's format.
    """
    if protocol not in PROTOCOLS:
        message = f"There is no protocol {protocol!r}; there are {', '.join(PROTOCOLS)}."
        raise ConfigurationError(message)
    check(protocol, request)
    wall, cpu = time.perf_counter(), time.process_time()
    result = PROTOCOLS[protocol].evaluate(request, progress)
    return Report(protocol, result, time.perf_counter() - wall, time.process_time() - cpu)


def check(protocol: str, request: Request) -> None:
    """Refuse what no data could make right, before any is read.

    Raises:
        ConfigurationError: The protocol never measures such a model, or does not use an option.
    """
    known = (BLEND, *PROTOCOLS[protocol].models)
    if current_model_name(request.model) not in known:
        message = f"The protocol {protocol} has no model {request.model!r}; it has {', '.join(known)}."
        raise ConfigurationError(message)
    every = frozenset[str]().union(*(each.options for each in PROTOCOLS.values()))
    for option in sorted(every - PROTOCOLS[protocol].options):
        if getattr(request, option) != getattr(UNSET, option):
            users = ", ".join(name for name, each in PROTOCOLS.items() if option in each.options)
            message = f"The protocol {protocol} does not use --{option.replace('_', '-')}, which is for {users}."
            raise ConfigurationError(message)
    if request.cut is not None and request.test_purchases is not None:
        raise ConfigurationError("--test-purchases stands in place of a cut: give it or --cut, not both.")
