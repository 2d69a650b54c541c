"""Gamma-Gamma: what an order of a customer will be worth (Fader and Hardie, The Gamma-Gamma Model of Monetary Value).

The values of a customer's orders vary at random around a mean of their own, which differs between customers and does
not depend on how often they order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import gammaln

from customers.likelihood import Floats, most_likely

_STARTS: Final = ((2.0, 3.0, 2.0), (6.0, 4.0, 15.0))
"""p, q, v in units of the mean value."""


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """Fitted parameters.

    Attributes:
        p: Shape of the values of one customer's orders.
        q: Shape of how customers differ.
        v: Its scale, in the currency.
    """

    p: float
    q: float
    v: float

    def mean_value(self, orders: Floats, mean: Floats) -> Floats:
        """The mean value of a customer's orders to come (equation 5).

        A mean below zero, of who gave back more than they paid, counts as zero.

        Args:
            orders: (n,) orders until now.
            mean: (n,) their mean value.

        Returns:
            (n,) float64, in the currency.
        """
        weighed = self.v + orders * np.maximum(mean, 0.0)
        return np.asarray(self.p * weighed / (self.p * orders + self.q - 1.0), np.float64)


def fit_gamma_gamma(orders: Floats, mean: Floats) -> GammaGamma:
    """The most likely parameters, of the customers with a mean above zero.

    Args:
        orders: (n,) orders of a customer.
        mean: (n,) their mean value.

    Raises:
        NotFitted: No parameters fit.
    """
    counts = (mean > 0.0) & (orders > 0.0)
    x = orders[counts]
    scale = float(mean[counts].mean()) if len(x) else 1.0
    values = mean[counts] / scale
    p, q, v = most_likely(lambda each: float(log_likelihood(each, x, values).mean()) if len(x) else np.nan, _STARTS)
    return GammaGamma(float(p), float(q + 1.0), float(v * scale))


def log_likelihood(parameters: Floats, orders: Floats, mean: Floats) -> Floats:
    """The log-likelihood of each customer (equation 1a), parameters p, q - 1 and v; (n,) float64.

    q is above 1, as customers have a mean in all.
    """
    p, above_one, v = parameters
    q = 1.0 + above_one
    shape = p * orders
    return np.asarray(
        gammaln(shape + q)
        - gammaln(shape)
        - gammaln(q)
        + q * np.log(v)
        + (shape - 1.0) * np.log(mean)
        + shape * np.log(orders)
        - (shape + q) * np.log(orders * mean + v),
        np.float64,
    )
