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
    """What some products have within the windows that end now: each array is (n_products,) int64.

    Attributes:
        products: Their numbers, ascending.
        orders: Window -> orders within it.
        trend: Interest of the last 72 hours, half of it gone after each 12 hours, in units of 1 / TREND_UNIT.
        ordered_hour: The newest hour with orders; NEVER where there are none within 30 days.
        interest_hour: The newest hour with interest; NEVER where there is none within 72 hours.
    """

    products: Numbers
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
        self._changed = [np.empty(0, np.int64)]
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
        self._changed.append(keys >> _HOUR_BITS)
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

    def changed(self) -> Numbers:
        """The products of which rows came since the last call, ascending."""
        changed = np.unique(np.concatenate(self._changed))
        self._changed = [np.empty(0, np.int64)]
        return changed

    def windows(self, products: Numbers) -> Windows:
        """What these products have within the windows that end now.

        Args:
            products: Their numbers, ascending.
        """
        firsts = np.searchsorted(self._keys, products << _HOUR_BITS)
        ends = np.searchsorted(self._keys, (products + 1) << _HOUR_BITS)
        rows = _joined(firsts, ends)
        hours = self._keys[rows] & _HOUR_MASK
        ages, days = self.now - hours, self.now // HOURS_OF_A_DAY - hours // HOURS_OF_A_DAY
        orders = np.where(days < LONGEST_DAYS, self._orders[rows], 0)
        trends = np.where(ages < TREND_HOURS, self._interest[rows], 0) * _WEIGHTS[np.clip(ages, 0, TREND_HOURS - 1)]
        fold = _Fold(ends - firsts)
        spans = {span: fold.sum(np.where(days < length, orders, 0)) for span, length in SPAN_DAYS.items()}
        return Windows(
            products,
            {"1d": fold.sum(np.where(ages < HOURS_OF_A_DAY, orders, 0)), **spans},
            fold.sum(trends),
            fold.newest(np.where(orders > 0, hours, NEVER)),
            fold.newest(np.where(trends > 0, hours, NEVER)),
        )


class _Fold:
    """Folds the rows of products, which stand one behind the other, to one number a product.

    Args:
        counts: How many rows each has.
    """

    def __init__(self, counts: Numbers) -> None:
        self._has_rows = counts > 0
        self._starts = (np.cumsum(counts) - counts)[self._has_rows]

    def sum(self, values: Numbers) -> Numbers:
        return self._spread(np.add.reduceat(values, self._starts) if len(values) else values, 0)

    def newest(self, hours: Numbers) -> Numbers:
        return self._spread(np.maximum.reduceat(hours, self._starts) if len(hours) else hours, NEVER)

    def _spread(self, folded: Numbers, otherwise: int) -> Numbers:
        spread = np.full(len(self._has_rows), otherwise, np.int64)
        spread[self._has_rows] = folded
        return spread


def _joined(firsts: Numbers, ends: Numbers) -> Numbers:
    """All numbers of several ranges, one range behind the other."""
    counts = ends - firsts
    before = np.cumsum(counts) - counts
    joined: Numbers = np.repeat(firsts - before, counts) + np.arange(counts.sum())
    return joined
