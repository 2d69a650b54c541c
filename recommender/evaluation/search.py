"""Parameters drawn by lot, by a seed (Bergstra and Bengio 2012, random search).

The work is bounded by how many are drawn, never by a clock: the same data and seed try and choose the same parameters
on any machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Parameters = dict[str, Any]
Draw = Callable[[np.random.Generator], Any]
"""Draws one value of a parameter."""
Space = Mapping[str, Draw]
"""How each parameter is drawn."""


def choice(*values: Any) -> Draw:
    """One of these."""
    return lambda lot: values[int(lot.integers(len(values)))]


def uniform(low: float, high: float) -> Draw:
    """Between these, each value as likely, to three digits."""
    return lambda lot: float(f"{lot.uniform(low, high):.3g}")


def log_uniform(low: float, high: float) -> Draw:
    """Between these, each order of magnitude as likely, to three digits."""
    return lambda lot: float(f"{np.exp(lot.uniform(np.log(low), np.log(high))):.3g}")


def variants(
    name: str, space: Space, drawn: int, lot: np.random.Generator, **fixed: Any
) -> list[tuple[str, Parameters]]:
    """A model with its defaults, and with parameters drawn from a space.

    Args:
        name: The model's.
        space: How its parameters are drawn.
        drawn: How many are drawn.
        lot: What draws them.
        fixed: Parameters that all have.
    """
    draws = ({key: draw(lot) for key, draw in space.items()} for _ in range(drawn))
    return [(name, {**fixed, **parameters}) for parameters in ({}, *draws)]
