"""Random search of hyperparameters (Bergstra and Bengio 2012).

The number of draws is fixed, and no clock limits the search: the same data and seed choose the same parameters on any
machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Parameters = dict[str, Any]
Draw = Callable[[np.random.Generator], Any]
"""Draws one value of a parameter."""
Space = Mapping[str, Draw]
"""The search space: how each parameter is drawn."""


def choice(*values: Any) -> Draw:
    """One of these values."""
    return lambda rng: values[int(rng.integers(len(values)))]


def uniform(low: float, high: float) -> Draw:
    """Uniform between these, to three digits."""
    return lambda rng: float(f"{rng.uniform(low, high):.3g}")


def log_uniform(low: float, high: float) -> Draw:
    """Log-uniform between these, to three digits."""
    return lambda rng: float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.3g}")


def variants(
    name: str, space: Space, drawn: int, rng: np.random.Generator, **fixed: Any
) -> list[tuple[str, Parameters]]:
    """A model with its defaults, and with parameters drawn from a space.

    Args:
        name: The name of the model.
        space: The search space.
        drawn: Number of draws.
        rng: Source of randomness.
        fixed: Parameters that all variants share.
    """
    draws = ({key: draw(rng) for key, draw in space.items()} for _ in range(drawn))
    return [(name, {**fixed, **parameters}) for parameters in ({}, *draws)]
