"""The orders of customers as arrays, and what they say of each customer on a day.

An order stands until a cancellation leaves nothing of its value; a refund takes its value off and leaves it an order.
What is given back without an order, or of another one, is taken off what the customer paid.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from customers.likelihood import Floats

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bookings:
    """What each day added to each order, in one currency: rows of ``customer_orders``; all arrays are (n,).

    Attributes:
        customer: Number of the customer.
        order: Number of the order.
        day: Day of the shop, days since 1970.
        orders: Purchases.
        guest_orders: Those of them by a visitor who had not signed in.
        cancellations: Cancellations.
        net: Value of the purchases, less what was given back.
    """

    customer: Ints
    order: Ints
    day: Ints
    orders: Ints
    guest_orders: Ints
    cancellations: Ints
    net: Floats

    def between(self, first: int, last: int) -> Bookings:
        """Those of these days, both included."""
        chosen = (self.day >= first) & (self.day <= last)
        return Bookings(*(getattr(self, each.name)[chosen] for each in fields(self)))

    def standing(self) -> Bookings:
        """A booking of each order that stands, as far as these say: that of its purchase."""
        count = int(self.order.max(initial=-1)) + 1
        left = np.round(np.bincount(self.order, self.net, count), 4)
        ended = (np.bincount(self.order, self.cancellations, count) > 0) & (left <= 0.0)
        chosen = (self.orders > 0) & ~ended[self.order]
        return Bookings(*(getattr(self, each.name)[chosen] for each in fields(self)))


@dataclass(frozen=True, slots=True)
class Histories:
    """What is known of each customer with an order that stands, on a day; all arrays are (n,).

    Attributes:
        customer: Number of the customer, ascending.
        orders: Orders.
        first: Day of the first one.
        last: Day of the last one.
        age: Days from the first one until the day that is asked for.
        net: What the customer paid, less what was given back.
    """

    customer: Ints
    orders: Floats
    first: Ints
    last: Ints
    age: Floats
    net: Floats

    @property
    def repeats(self) -> Floats:
        """Orders after the first."""
        return np.asarray(self.orders - 1.0, np.float64)

    @property
    def recency(self) -> Floats:
        """Days from the first order to the last."""
        return np.asarray(self.last - self.first, np.float64)

    @property
    def mean(self) -> Floats:
        """What an order was worth on average."""
        return np.asarray(self.net / self.orders, np.float64)


def histories(bookings: Bookings, day: int) -> Histories:
    """What the bookings up to a day, included, say of each customer who is no guest.

    A guest's next order has another id, so nobody can say of a guest who ordered once that they did not come back.
    """
    known = bookings.between(-(2**40), day)
    standing = known.standing()
    count = int(known.customer.max(initial=-1)) + 1
    orders = np.bincount(standing.customer, minlength=count)
    guest = np.bincount(known.customer, known.guest_orders, count) > 0
    first, last = np.full(count, day, np.int64), np.full(count, -(2**40), np.int64)
    np.minimum.at(first, standing.customer, standing.day)
    np.maximum.at(last, standing.customer, standing.day)
    chosen = np.flatnonzero((orders > 0) & ~guest)
    net = np.asarray(np.bincount(known.customer, known.net, count), np.float64)
    age = (day - first[chosen]).astype(np.float64)
    return Histories(chosen, orders[chosen].astype(np.float64), first[chosen], last[chosen], age, net[chosen])
