"""BG/NBD: how many orders a customer will make (Fader, Hardie and Lee, Counting Your Customers the Easy Way, 2005).

While active, a customer orders at random at a rate of their own, and after each order leaves with a probability of
their own. Rates follow a gamma distribution over customers (r, alpha), probabilities a beta distribution (a, b).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.special import gammaln

from customers.likelihood import Floats, most_likely

_STARTS: Final = ((1.0, 1.0, 1.0, 3.0), (0.3, 0.1, 0.5, 2.0))
"""r, alpha in units of the longest time, a, b."""

NODES: Final = 64
"""Of a quadrature; 32 give the same eight digits."""


@dataclass(frozen=True, slots=True)
class BgNbd:
    """Fitted parameters; times are in days.

    Attributes:
        r: Shape of the rates' gamma distribution.
        alpha: Its rate, days.
        a: First shape of the beta distribution of leaving.
        b: Its second one.
    """

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, repeats: Floats, recency: Floats, age: Floats) -> Floats:
        """The probability that a customer has not left.

        Args:
            repeats: (n,) orders after the first.
            recency: (n,) days from the first order to the last.
            age: (n,) days from the first order until now.

        Returns:
            (n,) float64.
        """
        return np.asarray(1.0 / (1.0 + self._odds_left(repeats, recency, age)), np.float64)

    def orders(self, repeats: Floats, recency: Floats, age: Floats, days: float) -> Floats:
        """The orders that a customer is expected to make in the next days.

        This is equation 10 as the integral that it comes from, over the probability of leaving: its hypergeometric
        function overflows for customers who order often.

        Args:
            repeats: (n,) orders after the first.
            recency: (n,) days from the first order to the last.
            age: (n,) days from the first order until now.
            days: How many days ahead.

        Returns:
            (n,) float64.
        """
        counts, places = np.unique(repeats, return_inverse=True)
        rules = [beta_rule(self.a, self.b + float(count)) for count in counts]
        leaving = np.array([nodes for nodes, _ in rules]).reshape(-1, NODES)[places]
        weights = np.array([weights for _, weights in rules]).reshape(-1, NODES)[places]
        shape, ahead = (self.r + repeats)[:, np.newaxis], (days / (self.alpha + age))[:, np.newaxis]
        coming = -np.expm1(-shape * np.log1p(leaving * ahead)) / leaving
        return np.asarray((weights * coming).sum(axis=1) * self.alive(repeats, recency, age), np.float64)

    def _odds_left(self, repeats: Floats, recency: Floats, age: Floats) -> Floats:
        """The odds of having left: 0 for who ordered once, since nobody leaves without a second order."""
        after = np.maximum(self.b + repeats - 1.0, 1e-12)
        ratio = ((self.alpha + age) / (self.alpha + recency)) ** (self.r + repeats)
        return np.asarray(np.where(repeats > 0, self.a / after * ratio, 0.0), np.float64)


def fit_bg_nbd(repeats: Floats, recency: Floats, age: Floats) -> BgNbd:
    """The most likely parameters.

    Args:
        repeats: (n,) orders after the first.
        recency: (n,) days from the first order to the last.
        age: (n,) days from the first order until now.

    Raises:
        NotFitted: No parameters fit.
    """
    longest = max(float(age.max(initial=0.0)), 1.0)
    kinds, customers = np.unique(np.column_stack((repeats, recency, age)), axis=0, return_counts=True)
    x, t_x, t = kinds[:, 0], kinds[:, 1] / longest, kinds[:, 2] / longest
    share = customers / customers.sum()
    r, alpha, a, b = most_likely(lambda each: float(share @ log_likelihood(each, x, t_x, t)), _STARTS)
    return BgNbd(float(r), float(alpha * longest), float(a), float(b))


def beta_rule(a: float, b: float) -> tuple[Floats, Floats]:
    """Gauss-Jacobi quadrature for means over a beta distribution (Golub and Welsch, 1969).

    Returns:
        Nodes in (0, 1) and weights whose sum is 1, both (NODES,) float64.
    """
    k = np.arange(1, NODES)
    alpha, beta = b - 1.0, a - 1.0
    total = alpha + beta
    both = 2 * k + total
    diagonal = np.concatenate(([(beta - alpha) / (total + 2.0)], (beta**2 - alpha**2) / (both * (both + 2.0))))
    later = k[1:]
    above = both[1:]
    squares = (
        4.0 * later * (later + alpha) * (later + beta) * (later + total) / (above**2 * (above + 1.0) * (above - 1.0))
    )
    first = 4.0 * (1.0 + alpha) * (1.0 + beta) / ((total + 2.0) ** 2 * (total + 3.0))
    roots, vectors = eigh_tridiagonal(diagonal, np.sqrt(np.concatenate(([first], squares))))
    return np.maximum((1.0 + roots) / 2.0, 1e-15), vectors[0] ** 2


def log_likelihood(parameters: Floats, repeats: Floats, recency: Floats, age: Floats) -> Floats:
    """The log-likelihood of each customer (equation 6), parameters r, alpha, a, b; (n,) float64."""
    r, alpha, a, b = parameters
    shape = r + repeats
    ordering = gammaln(shape) - gammaln(r) + r * np.log(alpha)
    staying = gammaln(a + b) + gammaln(b + repeats) - gammaln(b) - gammaln(a + b + repeats)
    active = -shape * np.log(alpha + age)
    after = np.maximum(b + repeats - 1.0, 1e-300)
    left = np.where(repeats > 0, np.log(a) - np.log(after) - shape * np.log(alpha + recency), -np.inf)
    return np.asarray(ordering + staying + np.logaddexp(active, left), np.float64)
