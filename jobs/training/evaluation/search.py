"""Parameters chosen by random search with successive halving (Jamieson and Talwalkar 2016), by a seed.

The work is bounded by the number of trials and the users each is tried on, never by a clock: the same data and seed
choose the same parameters on any machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Parameters = dict[str, Any]
Draw = Callable[[np.random.Generator], Any]
"""Draws one value of a parameter."""


def choice(*values: Any) -> Draw:
    """One of these."""
    return lambda lot: values[int(lot.integers(len(values)))]


def uniform(low: float, high: float) -> Draw:
    """Between these, each value as likely, to four digits."""
    return lambda lot: float(f"{lot.uniform(low, high):.4g}")


def log_uniform(low: float, high: float) -> Draw:
    """Between these, each order of magnitude as likely, to four digits."""
    return lambda lot: float(f"{np.exp(lot.uniform(np.log(low), np.log(high))):.4g}")


class Objective(Protocol):
    """What parameters are worth when tried with a part of the work: the higher the better."""

    def __call__(self, parameters: Parameters, share: float) -> float:
        """Worth of ``parameters``, tried with ``share`` of the work, over 0 up to 1."""
        ...


@dataclass(frozen=True, slots=True)
class Search:
    """A random search.

    Attributes:
        space: How each parameter is drawn.
        trials: How many are drawn.
        rungs: Shares of the work: at each the best third of those before it goes on; one rung tries all with all.
        first: Parameters tried beside those drawn: what is known to do well in general.
    """

    space: Mapping[str, Draw]
    trials: int
    rungs: Sequence[float] = (0.3, 1.0)
    first: Sequence[Parameters] = ()

    def best(self, objective: Objective, lot: np.random.Generator) -> Parameters:
        """The parameters worth most with all of the work; the first drawn of equals."""
        remaining = [*self.first, *({name: draw(lot) for name, draw in self.space.items()} for _ in range(self.trials))]
        for share in self.rungs:
            worth = [objective(parameters, share) for parameters in remaining]
            order = sorted(range(len(remaining)), key=lambda place: -worth[place])
            remaining = [remaining[place] for place in order[: max(1, len(remaining) // 3)]]
        return remaining[0]
