"""What a protocol is asked, and which there are.

A protocol is a module with a function ``evaluate(request, progress) -> Finding``. It reads the files of the request,
chooses parameters on a validation split cut from the training part, fits once more on all of the training part, and
measures on the test part, which nothing before has seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Final

from recommender.evaluation.report import Finding, Report
from schemas.errors import ConfigurationError

Progress = Callable[[str], None]
"""Told in words what is being done."""

PROTOCOLS: Final[Mapping[str, str]] = {
    "next-item": "recommender.evaluation.next_item",
    "sampled": "recommender.evaluation.sampled",
    "session": "recommender.evaluation.session",
    "temporal": "recommender.evaluation.temporal",
}
"""The module of each protocol, imported when it is asked for."""

BLEND: Final = "blend"


@dataclass(frozen=True, slots=True)
class Request:
    """What ``./shop evaluate`` was asked for; what a protocol has no use for must be left out.

    Attributes:
        data: A file of the protocol's format, or a folder that holds one.
        attributes: Attributes of the items, JSON.
        train: The training sessions, in place of ``data``.
        test: The test sessions, in place of ``data``.
        test_purchases: What is right, ``user,item``, in place of a cut.
        cut: Where the training part ends and the test part begins.
        repeats: Whether what a user has already bought counts as right and may be recommended.
        model: Which model: the blend, or one of its parts alone.
        seed: Of everything that is drawn by lot.
    """

    data: Path | None = None
    attributes: Path | None = None
    train: Path | None = None
    test: Path | None = None
    test_purchases: Path | None = None
    cut: datetime | None = None
    repeats: bool = True
    model: str = BLEND
    seed: int = 1

    def needed_data(self) -> Path:
        """The file or folder.

        Raises:
            ConfigurationError: There is none.
        """
        if self.data is None:
            raise ConfigurationError("This protocol needs --data PATH: a file of its format, or a folder with one.")
        return self.data


def run(protocol: str, request: Request, progress: Progress) -> Report:
    """Evaluate by a protocol.

    Raises:
        ConfigurationError: There is no such protocol or model, or a file is not of the protocol's format.
    """
    if protocol not in PROTOCOLS:
        message = f"There is no protocol {protocol!r}; there are {', '.join(PROTOCOLS)}."
        raise ConfigurationError(message)
    wall, cpu = time.perf_counter(), time.process_time()
    finding: Finding = import_module(PROTOCOLS[protocol]).evaluate(request, progress)
    return Report(protocol, finding, time.perf_counter() - wall, time.process_time() - cpu)
