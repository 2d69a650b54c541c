"""Maximum likelihood of positive parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from schemas.errors import ShopError

Floats = NDArray[np.float64]

LARGEST: Final = 7.0
"""Largest logarithm of a parameter, and its least with a minus: about 1,100 and 1 / 1,100. Where the data say nothing
of a parameter it ends there, and what is computed with it still has a value."""


class NotFitted(ShopError):
    """No parameters fit the customers: there are too few, or none paid anything."""


def most_likely(log_likelihood: Callable[[Floats], float], starts: Sequence[Sequence[float]]) -> Floats:
    """The parameters of the highest likelihood.

    Args:
        log_likelihood: Parameters (n,) float64, all positive -> mean log-likelihood of a customer.
        starts: Where the search begins, each (n,); the best of their results counts.

    Returns:
        (n,) float64.

    Raises:
        NotFitted: The search ends nowhere.
    """
    results = [
        minimize(
            lambda logs: -log_likelihood(np.exp(logs)),
            np.log(np.asarray(start, np.float64)),
            method="L-BFGS-B",
            bounds=[(-LARGEST, LARGEST)] * len(start),
            options={"ftol": 1e-13, "gtol": 1e-9, "maxiter": 1_000},
        )
        for start in starts
    ]
    found = [result for result in results if np.isfinite(result.fun)]
    if not found:
        message = "No parameters fit these customers: the likelihood has no value where the search began."
        raise NotFitted(message)
    best = min(found, key=lambda result: float(result.fun))
    return np.asarray(np.exp(best.x), np.float64)
