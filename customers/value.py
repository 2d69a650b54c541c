"""The expected value of each customer: the orders to come times what an order will be worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from customers.bg_nbd import BgNbd, fit_bg_nbd
from customers.gamma_gamma import GammaGamma, fit_gamma_gamma
from customers.history import Histories
from customers.likelihood import Floats


@dataclass(frozen=True, slots=True)
class ValueModel:
    """Both models, fitted to the same customers.

    Attributes:
        ordering: How many orders come.
        spending: What an order is worth.
    """

    ordering: BgNbd
    spending: GammaGamma

    def expected(self, customers: Histories, days: int) -> Expected:
        """What is expected of customers in the next days."""
        x, recency, age = customers.repeats, customers.recency, customers.age
        return Expected(
            self.ordering.alive(x, recency, age),
            self.ordering.orders(x, recency, age, days),
            self.spending.mean_value(customers.orders, customers.mean),
        )


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of customers; all arrays are (n,) float64.

    Attributes:
        alive: The probability that the customer has not left.
        orders: Orders in the next days.
        order_value: What one of them is worth.
    """

    alive: Floats
    orders: Floats
    order_value: Floats

    @property
    def value(self) -> Floats:
        """What they are worth together."""
        return np.asarray(self.orders * self.order_value, np.float64)


def fit(customers: Histories) -> ValueModel:
    """Fit both models to customers.

    Raises:
        NotFitted: No parameters fit them.
    """
    return ValueModel(
        fit_bg_nbd(customers.repeats, customers.recency, customers.age),
        fit_gamma_gamma(customers.orders, customers.mean),
    )
