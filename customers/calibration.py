"""What the models say of days that they have not seen, beside what came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from customers.history import Bookings, histories
from customers.likelihood import Floats
from customers.value import fit

LEAST_CUSTOMERS: Final = 50
"""Fewer, and a total says more of chance than of the models."""


@dataclass(frozen=True, slots=True)
class HoldOut:
    """Days that were left out of a fit.

    Attributes:
        first: The first of them, days since 1970.
        last: The last of them.
        customers: Customers who had ordered before; of these alone orders are expected.
        expected_orders: Their expected orders.
        orders: Those that came.
        expected_value: What they were expected to be worth.
        value: What came in, less what was given back.
        mean_absolute_error: Mean difference of a customer's expected orders and those that came.
    """

    first: int
    last: int
    customers: int
    expected_orders: float
    orders: float
    expected_value: float
    value: float
    mean_absolute_error: float

    @property
    def orders_error(self) -> float:
        """Error of all orders, as a share of those that came."""
        return _error(self.expected_orders, self.orders)

    @property
    def value_error(self) -> float:
        """Error of the whole value, as a share of what came in."""
        return _error(self.expected_value, self.value)


def hold_out(bookings: Bookings, first: int, last: int) -> HoldOut | None:
    """Fit to what was known before a day, and compare with what came from then on; None with too few customers.

    Args:
        bookings: All of them.
        first: The first day that is left out.
        last: The last one.

    Raises:
        NotFitted: No parameters fit.
    """
    known = histories(bookings, first - 1)
    if len(known.customer) < LEAST_CUSTOMERS:
        return None
    expected = fit(known).expected(known, last - first + 1)
    count = int(bookings.customer.max()) + 1
    until = bookings.between(-(2**40), last)
    came = until.standing().between(first, last)
    orders = np.bincount(came.customer, minlength=count)[known.customer]
    net = _sum(bookings.between(first, last), count)[known.customer]
    return HoldOut(
        first,
        last,
        len(known.customer),
        float(expected.orders.sum()),
        float(orders.sum()),
        float(expected.value.sum()),
        float(net.sum()),
        float(np.abs(expected.orders - orders).mean()),
    )


def hold_outs(bookings: Bookings, last: int, days: int) -> Iterator[HoldOut]:
    """Periods of so many days that end with a day, newest first, each with at least as many days before it.

    Raises:
        NotFitted: No parameters fit.
    """
    begin = int(bookings.day.min(initial=last))
    while (first := last - days + 1) - days >= begin:
        if (one := hold_out(bookings, first, last)) is not None:
            yield one
        last = first - 1


def _sum(bookings: Bookings, count: int) -> Floats:
    return np.asarray(np.bincount(bookings.customer, bookings.net, count), np.float64)


def _error(expected: float, came: float) -> float:
    return (expected - came) / came if came else float("nan")
