"""The demand for products by hour, and what each has of it within the windows of the lists. It knows no Kafka."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

TREND_HOURS: Final = 72
HALF_LIFE_HOURS: Final = 12
SPAN_DAYS: Final = {"7d": 7, "30d": 30}
"""Windows of whole days, UTC; that of 1d is the last 24 hours."""
LONGEST_DAYS: Final = max(SPAN_DAYS.values())
HOURS_OF_A_DAY: Final = 24

TREND_UNIT: Final = 10**10
"""A trend is kept in units of this fraction of a view: sums of integers do not depend on their order. 64 bits hold
900 million views within the half-life."""

NEVER: Final = -1
NO_HOUR: Final = -1

_HOUR_BITS: Final = 24
_HOUR_MASK: Final = (1 << _HOUR_BITS) - 1
_WEIGHTS: Final = np.array(
    [round(0.5 ** (age / HALF_LIFE_HOURS) * TREND_UNIT) for age in range(TREND_HOURS)], dtype=np.int64
)


@dataclass(frozen=True, slots=True)
class Windows:
    """What products have within the windows that end now: each array is (n_products,) int64.

    Attributes:
        orders: Window -> orders within it.
        trend: Interest of the last 72 hours, half of it gone after each 12 hours, in units of 1 / TREND_UNIT.
        ordered_hour: The newest hour with orders; NEVER where there are none within 30 days.
        interest_hour: The newest hour with interest; NEVER where there is none within 72 hours.
    """

    orders: Mapping[str, Numbers]
    trend: Numbers
    ordered_hour: Numbers
    interest_hour: Numbers


class Demand:
    """Interest and orders by product and hour, as far back as any list looks.

    Rows are sorted by product and hour, in arrays: 24 bytes each. What falls out of every window is dropped.

    Attributes:
        now: The hour of the newest event; NO_HOUR before there is any.
    """

    def __init__(self) -> None:
        self.now: int = NO_HOUR
        self._keys = np.empty(0, np.int64)
        self._interest = np.empty(0, np.int64)
        self._orders = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._keys)

    def advance(self, hour: int) -> None:
        """An event of this hour has happened: now is not before it."""
        if hour > self.now:
            self.now = hour

    def put(self, rows: Mapping[tuple[int, int], tuple[int, int]]) -> None:
        """Take in rows, each in place of the former one of its product and hour.

        Args:
            rows: Number of the product and hour -> interest and orders; both 0 where the row was deleted.
        """
        if not rows:
            return
        cells = np.array([(product << _HOUR_BITS | hour, *row) for (product, hour), row in rows.items()], np.int64)
        cells = cells[np.argsort(cells[:, 0])]
        keys, interest, orders = cells[:, 0], cells[:, 1], cells[:, 2]
        places = np.searchsorted(self._keys, keys)
        held = np.zeros(len(keys), bool)
        inside = places < len(self._keys)
        held[inside] = self._keys[places[inside]] == keys[inside]
        self._interest[places[held]] = interest[held]
        self._orders[places[held]] = orders[held]
        new = ~held
        if new.any():
            self._keys = np.insert(self._keys, places[new], keys[new])
            self._interest = np.insert(self._interest, places[new], interest[new])
            self._orders = np.insert(self._orders, places[new], orders[new])

    def expire(self) -> None:
        """Drop what is in no window any more: now never goes back."""
        hours = self._keys & _HOUR_MASK
        is_trend = (self._interest > 0) & (hours > self.now - TREND_HOURS)
        is_ordered = (self._orders > 0) & (hours // HOURS_OF_A_DAY > self.now // HOURS_OF_A_DAY - LONGEST_DAYS)
        kept = is_trend | is_ordered
        if not kept.all():
            self._keys, self._interest, self._orders = self._keys[kept], self._interest[kept], self._orders[kept]

    def windows(self, n_products: int) -> Windows:
        """What each product has within the windows that end now."""
        products, hours = self._keys >> _HOUR_BITS, self._keys & _HOUR_MASK
        ages, days = self.now - hours, self.now // HOURS_OF_A_DAY - hours // HOURS_OF_A_DAY
        trends = np.where(ages < TREND_HOURS, self._interest, 0) * _WEIGHTS[np.clip(ages, 0, TREND_HOURS - 1)]
        last_month = np.where(days < LONGEST_DAYS, self._orders, 0)
        by_product = _ByProduct(products, n_products)
        orders = {span: by_product.sum(np.where(days < length, self._orders, 0)) for span, length in SPAN_DAYS.items()}
        orders["1d"] = by_product.sum(np.where(ages < HOURS_OF_A_DAY, self._orders, 0))
        return Windows(
            orders,
            by_product.sum(trends),
            by_product.newest(np.where(last_month > 0, hours, NEVER)),
            by_product.newest(np.where(trends > 0, hours, NEVER)),
        )


class _ByProduct:
    """Folds rows that are sorted by product to one number a product."""

    def __init__(self, products: Numbers, n_products: int) -> None:
        self._n_products = n_products
        self._starts = np.flatnonzero(np.r_[True, products[1:] != products[:-1]]) if len(products) else products
        self._products = products[self._starts]

    def sum(self, values: Numbers) -> Numbers:
        return self._spread(np.add.reduceat(values, self._starts) if len(values) else values, 0)

    def newest(self, hours: Numbers) -> Numbers:
        return self._spread(np.maximum.reduceat(hours, self._starts) if len(hours) else hours, NEVER)

    def _spread(self, folded: Numbers, otherwise: int) -> Numbers:
        spread = np.full(self._n_products, otherwise, np.int64)
        spread[self._products] = folded
        return spread
