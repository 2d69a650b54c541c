"""Events of one user, and which of them count, by plain Python over whole events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from schemas.interactions import OF_ORDERS, member


@dataclass(frozen=True)
class Event:
    """An event of a user; the lines are products with units."""

    number: int | str
    kind: str
    time_ms: int
    product: str = ""
    order: str = ""
    value: str = ""
    lines: tuple[tuple[str, int], ...] = ()

    @property
    def event_id(self) -> str:
        return f"e{self.number}"

    def members(self) -> list[str]:
        """The members of a history."""
        if self.kind not in OF_ORDERS:
            return [member(self.kind, "", self.product, 1, "", self.event_id, 1)]
        lines = self.lines or (("", 1),)
        return [
            member(self.kind, self.order, product, units, self.value, self.event_id, number)
            for number, (product, units) in enumerate(lines, 1)
        ]

    def row(self, user_id: str) -> dict[str, Any]:
        """The event as the table ``events`` has it, but for its time."""
        items = [{"product_id": product, "quantity": units, "price": 1} for product, units in self.lines]
        fields = {"event_id": self.event_id, "event_type": self.kind, "user_id": user_id, "items": items}
        if self.kind not in OF_ORDERS:
            return fields | {"product_id": self.product}
        return fields | {"order_id": self.order, "value": self.value}


def kept_additions(events: Sequence[Event]) -> list[Event]:
    """The additions to the cart that no removal undoes."""
    removed_at: dict[str, int] = {}
    for event in events:
        if event.kind == "remove_from_cart":
            removed_at[event.product] = max(event.time_ms, removed_at.get(event.product, 0))
    return [e for e in events if e.kind == "add_to_cart" and e.time_ms > removed_at.get(e.product, -1)]


def kept_purchases(events: Sequence[Event]) -> list[tuple[str, str, int]]:
    """Product, order and time of each purchase of which a unit was kept; units are taken one after the other."""
    returns = [event for event in events if event.kind in ("refund", "order_cancelled")]
    purchases = [event for event in events if event.kind == "purchase"]
    kept = []
    for product in {name for event in purchases for name, _ in event.lines}:
        left_of = []
        for order in sorted({event.order for event in purchases}):
            valid = [e for e in purchases if e.order == order and not _is_reversed(e, returns)]
            units = _units(valid, product) - _units([e for e in returns if e.order == order], product)
            if units > 0:
                left_of.append((min(e.time_ms for e in valid if _units([e], product)), order, units))
        known = {e.order for e in purchases if _units([e], product)}
        unmatched = [e for e in returns if e.order not in known and _units([e], product)]
        until = max((e.time_ms for e in unmatched), default=-1)
        given_back = _units(unmatched, product)
        for bought_at, order, units in sorted(left_of, key=lambda each: (-each[0], each[1])):
            taken = min(given_back, units) if bought_at <= until else 0
            given_back -= taken
            if units > taken:
                kept.append((product, order, bought_at))
    return kept


def plainly(events: Sequence[Event]) -> dict[tuple[str, str], int]:
    """Kind and product -> the newest time of those that count."""
    newest: dict[tuple[str, str], int] = {}
    counting = [(e.kind, e.product, e.time_ms) for e in events if e.kind in ("view_item", "select_item")]
    counting += [(e.kind, e.product, e.time_ms) for e in events if e.kind == "add_to_wishlist"]
    counting += [(e.kind, e.product, e.time_ms) for e in kept_additions(events)]
    counting += [("purchase", product, time_ms) for product, _, time_ms in kept_purchases(events)]
    for kind, product, time_ms in counting:
        newest[kind, product] = max(time_ms, newest.get((kind, product), 0))
    return newest


def _units(events: Sequence[Event], product: str) -> int:
    return sum(units for event in events for name, units in event.lines if name == product)


def _is_reversed(bought: Event, returns: Sequence[Event]) -> bool:
    """Whether a purchase was reversed as a whole."""
    of_order = [event for event in returns if event.order == bought.order and not event.lines]
    refunds = [Decimal(event.value) for event in of_order if event.kind == "refund"]
    is_refunded = bool(refunds) and sum(refunds) >= Decimal(bought.value)
    return is_refunded or any(event.kind == "order_cancelled" for event in of_order)
