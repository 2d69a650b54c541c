"""What counts as an interaction, stated once.

The histories in Redis and their readers follow this module. Of all events, the SQL of ``jobs/interactions/`` says the
same for what is popular, and ``jobs/training/counting.py`` for training.

- A view, a click and a wish count.
- An addition to a cart counts unless a removal of that product by the same user is as new or newer. How many units were
  added or removed does not matter.
- A purchase of a product counts while its order has units of it left. The user's refunds and cancellations of the order
  take them: with lines, the units of these; without, all units, by a cancellation or once the refunds reach the value
  of the purchase.
- Units that are given back under an order id that names no purchase of the product are taken from the user's newest
  purchases of it, up to the newest such return.

A history keeps each of these events as a member of its own, so that it is the same in whatever order they come and
however often. What undoes is newer than what it undoes, so of the two it is not the first to be trimmed.

Members are ``kind:product_id``, scored by the newest such event, and for a line of an order ``kind:[order_id,
product_id, units, value, event_id, number of the line]``, where a refund or a cancellation without lines has no
product. Those of anonymous events are as ``schemas.visitors`` makes them. Earlier versions kept a purchase as
``purchase:product_id``: it counts as one unit of an order without an id.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from schemas.visitors import is_anonymous, plain

ADD_TO_CART: Final = "add_to_cart"
REMOVE_FROM_CART: Final = "remove_from_cart"
PURCHASE: Final = "purchase"
REFUND: Final = "refund"
ORDER_CANCELLED: Final = "order_cancelled"

KINDS: Final = ("view_item", "select_item", "add_to_wishlist", ADD_TO_CART, PURCHASE)
"""The kinds of interactions, as event types."""

UNDOING: Final = (REMOVE_FROM_CART, REFUND, ORDER_CANCELLED)
"""The event types that undo interactions."""

OF_HISTORIES: Final = (*KINDS, *UNDOING)
"""The event types that a history keeps."""

OF_ORDERS: Final = frozenset({PURCHASE, REFUND, ORDER_CANCELLED})
"""Those of them with lines."""

_FIELDS: Final = 6
_NO_ORDER: Final = ""
_NOTHING: Final = (0, 0.0)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of a purchase, a refund or a cancellation, or one of these two without lines.

    Attributes:
        order_id: The order.
        product_id: The product; "" for the order as a whole.
        units: How many were bought or given back.
        value: Value of the whole event, as decimal text.
        event_id: The event.
        number: Number of the line in it.
    """

    order_id: str
    product_id: str
    units: int
    value: str
    event_id: str
    number: int


def member(kind: str, order_id: str, product_id: str, units: int, value: str, event_id: str, number: int) -> str:
    """The member of a history for an event, or for a line of it where it is of an order; see ``OrderLine``."""
    if kind not in OF_ORDERS:
        return f"{kind}:{product_id}"
    fields = [order_id, product_id, units, value, event_id, number]
    return f"{kind}:{json.dumps(fields, ensure_ascii=False, separators=(',', ':'))}"


@dataclass(frozen=True, slots=True)
class Interaction:
    """The newest interaction of one kind with a product.

    Attributes:
        kind: One of KINDS.
        product_id: The product.
        time_ms: When, in epoch milliseconds.
    """

    kind: str
    product_id: str
    time_ms: float


def counted(history: Iterable[tuple[str, float]]) -> list[Interaction]:
    """What of a history counts, each pair of kind and product once, in no particular order.

    Args:
        history: Members with their times in epoch milliseconds, or the newest of them.
    """
    members = history if isinstance(history, list) else list(history)
    newest: dict[tuple[str, str], float] = {}
    removals: dict[str, float] = {}
    orders = _Orders()
    for member, time_ms in members:
        kind, _, rest = member.partition(":")
        if kind == REMOVE_FROM_CART:
            removals[rest] = time_ms
        elif kind in OF_ORDERS:
            orders.add(kind, rest, time_ms)
        elif kind in KINDS:
            newest[kind, rest] = time_ms
        elif is_anonymous(kind):
            return counted(plain(members))
    for product_id, removed_ms in removals.items():
        if newest.get((ADD_TO_CART, product_id), removed_ms + 1) <= removed_ms:
            del newest[ADD_TO_CART, product_id]
    counting = [Interaction(kind, product_id, time_ms) for (kind, product_id), time_ms in newest.items()]
    return counting + [Interaction(PURCHASE, *kept) for kept in orders.newest_kept().items()]


@dataclass(slots=True)
class _OrderProduct:
    """A product of one order.

    Attributes:
        lines: Lines of purchases.
        returned_units: Units given back under the order's id.
        returned_ms: The newest time of these.
    """

    lines: list[tuple[OrderLine, float]] = field(default_factory=list)
    returned_units: int = 0
    returned_ms: float = 0.0


class _Orders:
    """The orders of one user."""

    def __init__(self) -> None:
        self._products: dict[tuple[str, str], _OrderProduct] = defaultdict(_OrderProduct)
        self._cancelled: set[str] = set()
        self._refunded: dict[str, Decimal] = {}
        self._times: dict[str, set[float]] = defaultdict(set)

    def add(self, kind: str, rest: str, time_ms: float) -> None:
        """Take in a member, without its kind."""
        line = _line(rest)
        if kind == PURCHASE:
            self._products[line.order_id, line.product_id].lines.append((line, time_ms))
            if line.order_id != _NO_ORDER:
                self._times[line.product_id].add(time_ms)
        elif line.product_id:
            product = self._products[line.order_id, line.product_id]
            product.returned_units += line.units
            product.returned_ms = max(product.returned_ms, time_ms)
        elif kind == ORDER_CANCELLED:
            self._cancelled.add(line.order_id)
        else:
            self._refunded[line.order_id] = self._refunded.get(line.order_id, Decimal(0)) + Decimal(line.value)

    def newest_kept(self) -> dict[str, float]:
        """Product -> when the newest purchase of it that counts was made."""
        returns = self._unmatched_returns()
        purchases: dict[str, list[tuple[float, str, int]]] = defaultdict(list)
        for (order_id, product_id), product in self._products.items():
            valid = [(line, time_ms) for line, time_ms in product.lines if self._is_valid(line, time_ms)]
            units = sum(line.units for line, _ in valid) - product.returned_units
            if units > 0:
                purchases[product_id].append((min(time_ms for _, time_ms in valid), order_id, units))
        kept = {
            product_id: _newest_kept(of_product, returns.get(product_id, _NOTHING))
            for product_id, of_product in purchases.items()
        }
        return {product_id: time_ms for product_id, time_ms in kept.items() if time_ms is not None}

    def _unmatched_returns(self) -> dict[str, tuple[int, float]]:
        """Product -> the units given back under ids that name no purchase of it, and the newest time."""
        returns: dict[str, tuple[int, float]] = {}
        for (_, product_id), product in self._products.items():
            if not product.lines:
                units, newest_ms = returns.get(product_id, _NOTHING)
                returns[product_id] = units + product.returned_units, max(newest_ms, product.returned_ms)
        return returns

    def _is_valid(self, line: OrderLine, time_ms: float) -> bool:
        """Whether the purchase of a line was not reversed as a whole, nor is the same as one that has an order."""
        if line.order_id == _NO_ORDER:
            return time_ms not in self._times[line.product_id]
        refunded = self._refunded.get(line.order_id)
        return line.order_id not in self._cancelled and (refunded is None or refunded < Decimal(line.value))


def _line(rest: str) -> OrderLine:
    """The line of a member; what earlier versions wrote is a product's id alone."""
    if rest.startswith("["):
        try:
            fields = json.loads(rest)
        except ValueError:
            fields = []
        if len(fields) == _FIELDS:
            return OrderLine(*fields)
    return OrderLine(_NO_ORDER, rest, 1, "", "", 0)


def _newest_kept(purchases: list[tuple[float, str, int]], returned: tuple[int, float]) -> float | None:
    """When the newest purchase of a product that was not given back was made; None where all were.

    Args:
        purchases: Time, order and units of each.
        returned: Units that are taken from the newest of them, and the time from which on none are.
    """
    returned_units, returned_ms = returned
    units = 0
    for time_ms, _, bought in sorted(purchases, key=lambda purchase: (-purchase[0], purchase[1])):
        units += bought
        if time_ms > returned_ms or units > returned_units:
            return time_ms
    return None
