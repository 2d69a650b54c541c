"""Maximum likelihood of positive parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from schemas.errors import ShopError

Floats = NDArray[np.float64]

LARGEST: Final = 7.0
"""Largest logarithm of a parameter, and its least with a minus: about 1,100 and 1 / 1,100. Where the data say nothing
of a parameter it ends there, and what is computed with it still has a value."""


_PRECISE: Final[Any] = {"ftol": 1e-13, "gtol": 1e-9, "maxiter": 1_000}


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
    bounds = [(-LARGEST, LARGEST)] * len(starts[0])
    best, parameters = np.inf, None
    for start in starts:
        begin = np.log(np.asarray(start, np.float64))
        result: Any = minimize(_cost, begin, (log_likelihood,), "L-BFGS-B", bounds=bounds, options=_PRECISE)
        if np.isfinite(result.fun) and result.fun < best:
            best, parameters = float(result.fun), np.asarray(np.exp(result.x), np.float64)
    if parameters is None:
        message = "No parameters fit these customers: the likelihood has no value where the search began."
        raise NotFitted(message)
    return parameters


def _cost(logs: Floats, log_likelihood: Callable[[Floats], float]) -> float:
    return -log_likelihood(np.exp(logs))
