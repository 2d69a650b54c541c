"""From events to records: when they are received, how often, and in which form.

Some records are late or early by exactly the limit on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final, NamedTuple

from simulator.events import NOBODY, Body, Event, Visit
from simulator.plan import Plan, Trouble
from simulator.poison import IMPOSSIBLE, REASONS, Damage
from simulator.versions import LEFT_OUT

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS

LATENCY_MS: Final = 50
"""How long after it happened an event is received, without trouble."""
MAX_DISORDER_MS: Final = 10 * MINUTE_MS

SHARES: Final = {
    Trouble.DISORDER: 0.15,
    Trouble.LATENESS: 0.02,
    Trouble.SKEW: 0.02,
    Trouble.OLD_VERSIONS: 0.05,
    Trouble.FOREIGN_NAMES: 0.05,
    Trouble.DUPLICATES: 0.03,
    Trouble.POISON: 0.01,
    Trouble.NULLS: 0.001,
}
"""Share of the events that have each kind."""

FOREIGN_NAMES: Final = {
    "page_view": ("Page Viewed", "analytics.page_view"),
    "user_registered": ("USER_REGISTER", "Signed Up"),
    "user_login": ("USER_LOGIN", "Signed In"),
    "user_logout": ("USER_LOGOUT", "Signed Out"),
    "view_item": ("PRODUCT_VIEWED", "Product Viewed"),
    "view_item_list": ("Product List Viewed",),
    "select_item": ("Product Clicked", "search.result.clicked"),
    "product_created": ("PRODUCT_CREATED",),
    "add_to_cart": ("Product Added", "cart.item_added"),
    "remove_from_cart": ("Product Removed",),
    "begin_checkout": ("Checkout Started",),
    "search": ("Products Searched", "search.query"),
    "purchase": ("ORDER_PLACED", "Order Completed"),
    "refund": ("refund.processed", "Order Refunded"),
    "order_cancelled": ("ORDER_CANCELLED",),
    "payment_succeeded": ("PAYMENT_SUCCESS",),
    "payment_failed": ("PAYMENT_FAILED",),
    "stock_changed": ("product.inventory.updated",),
    "recommendation_clicked": ("recommendation.clicked",),
}
"""Canonical name -> names that other systems use."""

_DELAYS: Final = (Trouble.DISORDER, Trouble.LATENESS, Trouble.SKEW)
_CHANGES: Final = (Trouble.OLD_VERSIONS, Trouble.FOREIGN_NAMES)
_EXTRAS: Final = (Trouble.DUPLICATES, Trouble.POISON, Trouble.NULLS)
"""An event has at most one kind of each group."""

_POISONS: Final = (
    Damage.RANDOM_BYTES,
    Damage.WRONG_MAGIC_BYTE,
    Damage.UNKNOWN_SCHEMA_ID,
    Damage.TRUNCATED,
    Damage.EMPTY,
    None,  # impossible values
    Damage.TRAILING,
    Damage.FOREIGN_SCHEMA,
)
_BAD_RECEPTION: Final = b"yesterday"


@dataclass(frozen=True, slots=True)
class Form:
    """How a record differs from the plain record of its event.

    Attributes:
        kinds: Its kinds of trouble.
        reason: Why it must be refused, whatever its age; None for a valid record.
        version: Index of the old version that it is written with; None for the newest.
        name: The name of its type; None for the canonical one.
        damage: How its bytes are damaged.
        seed: Of the damage.
        received_at: The header's value in place of the time of reception.
    """

    kinds: tuple[Trouble, ...]
    reason: str | None = None
    version: int | None = None
    name: str | None = None
    damage: Damage | None = None
    seed: int = 0
    received_at: bytes | None = None


class Delivery(NamedTuple):
    """A record of an event, and when it is received."""

    received_ms: int
    event: Event
    form: Form | None


def expected_records(plan: Plan) -> int:
    """About how many records a plan makes."""
    extra = sum(SHARES[kind] for kind in _EXTRAS if kind in plan.trouble)
    return round(plan.events * (1 + extra))


class Troublemaker:
    """Turns events into records.

    Args:
        plan: Which trouble there is, and the limits.
        rng: Draws; nothing else draws from it, so that the events are the same under any trouble.
    """

    def __init__(self, plan: Plan, rng: Random) -> None:
        self._plan = plan
        self._rng = rng
        self._delays = self._thresholds(_DELAYS)
        self._forms = self._thresholds(_CHANGES)
        self._extras = self._thresholds(_EXTRAS)
        self._share_without_trouble = (
            _share_without(self._delays) * _share_without(self._forms) * _share_without(self._extras)
        )

    def has_no_trouble(self) -> bool:
        """Whether the next event has no trouble at all, as most have none: it is received as it is after LATENCY_MS."""
        return self._rng.random() < self._share_without_trouble

    def deliver(self, event: Event) -> Iterator[Delivery]:
        """The records of an event with trouble, duplicates and invalid records included."""
        delay, change, extra = self._draw_some()
        received_ms, late = self._receive(event, delay)
        form = self._form(event, change, late)
        yield Delivery(received_ms, event, form)
        match extra:
            case Trouble.DUPLICATES:
                yield self._copy(received_ms, event, form)
            case Trouble.POISON:
                yield self._poison(received_ms, event)
            case Trouble.NULLS:
                yield Delivery(received_ms, event, Form((Trouble.NULLS,), REASONS[Damage.NULL], damage=Damage.NULL))

    def _draw_some(self) -> tuple[Trouble | None, Trouble | None, Trouble | None]:
        """At most one kind of each group, and at least one of all."""
        while True:
            drawn = (self._draw(self._delays), self._draw(self._forms), self._draw(self._extras))
            if drawn != (None, None, None):
                return drawn

    def _thresholds(self, kinds: tuple[Trouble, ...]) -> list[tuple[float, Trouble]]:
        """The kinds of the plan, each with the upper bound of the random numbers that select it."""
        thresholds, threshold = [], 0.0
        for kind in kinds:
            if kind in self._plan.trouble:
                threshold += SHARES[kind]
                thresholds.append((threshold, kind))
        return thresholds

    def _draw(self, thresholds: list[tuple[float, Trouble]]) -> Trouble | None:
        if not thresholds:
            return None
        draw = self._rng.random()
        if draw >= thresholds[-1][0]:
            return None
        return next(kind for threshold, kind in thresholds if draw < threshold)

    def _receive(self, event: Event, delay: Trouble | None) -> tuple[int, tuple[Trouble, ...]]:
        """When an event is received; a skewed clock also changes the time of the event."""
        rng = self._rng
        match delay:
            case Trouble.DISORDER:
                return event.time_ms + LATENCY_MS + rng.randrange(MAX_DISORDER_MS), (Trouble.DISORDER,)
            case Trouble.LATENESS:
                return event.time_ms + self._lateness_ms(), (Trouble.LATENESS,)
            case Trouble.SKEW:
                received_ms = event.time_ms + LATENCY_MS
                event.time_ms = received_ms + self._ahead_ms()
                return received_ms, (Trouble.SKEW,)
            case _:
                return event.time_ms + LATENCY_MS, ()

    def _lateness_ms(self) -> int:
        rng, limit = self._rng, self._plan.lateness_ms
        draw = rng.random()
        if draw < 0.5:
            return min(limit, rng.randrange(MINUTE_MS, 6 * HOUR_MS))
        if draw < 0.8:
            return rng.randrange(limit + 1)
        if draw < 0.87:
            return limit
        return limit + (1 if draw < 0.93 else rng.randrange(1, 3 * DAY_MS))

    def _ahead_ms(self) -> int:
        rng, limit = self._rng, self._plan.skew_ms
        draw = rng.random()
        if draw < 0.7:
            return rng.randrange(limit + 1)
        if draw < 0.8:
            return limit
        return limit + (1 if draw < 0.9 else rng.randrange(1, DAY_MS))

    def _form(self, event: Event, change: Trouble | None, late: tuple[Trouble, ...]) -> Form | None:
        rng = self._rng
        match change:
            case Trouble.OLD_VERSIONS:
                version = rng.randrange(len(LEFT_OUT))
                if LEFT_OUT[version].isdisjoint(event.body.fields):
                    return _valid((*late, Trouble.OLD_VERSIONS), version=version)
            case Trouble.FOREIGN_NAMES:
                if names := FOREIGN_NAMES.get(event.event_type):
                    return _valid((*late, Trouble.FOREIGN_NAMES), name=rng.choice(names))
        return _valid(late) if late else None

    def _copy(self, received_ms: int, event: Event, form: Form | None) -> Delivery:
        """The same bytes again: mostly seconds later, sometimes days later."""
        rng = self._rng
        reach_ms = rng.choice((5 * SECOND_MS, 5 * SECOND_MS, HOUR_MS, 6 * DAY_MS))
        again = _valid((Trouble.DUPLICATES,), form and form.version, form and form.name)
        return Delivery(received_ms + rng.randrange(1, reach_ms), event, again)

    def _poison(self, received_ms: int, event: Event) -> Delivery:
        rng = self._rng
        damage = rng.choice(_POISONS)
        if damage is not None:
            return Delivery(received_ms, event, _invalid(REASONS[damage], damage=damage, seed=rng.getrandbits(32)))
        which = rng.randrange(len(IMPOSSIBLE) + 1)
        if which == len(IMPOSSIBLE):
            return Delivery(received_ms, event, _invalid("invalid_value", received_at=_BAD_RECEPTION))
        reason, event_type, body, has_user, has_id = IMPOSSIBLE[which]
        event_id = f"{event.event_id}-poison" if has_id else ""
        visit = Visit("u-poison" if has_user else NOBODY)
        return Delivery(received_ms, Event(event_id, event_type, event.time_ms, visit, Body(body)), _invalid(reason))


@cache
def _valid(kinds: tuple[Trouble, ...], version: int | None = None, name: str | None = None) -> Form:
    """The form of a valid record; there are few, and many records of each."""
    return Form(kinds, version=version, name=name)


def _invalid(reason: str, damage: Damage | None = None, seed: int = 0, received_at: bytes | None = None) -> Form:
    return Form((Trouble.POISON,), reason, damage=damage, seed=seed, received_at=received_at)


def _share_without(thresholds: list[tuple[float, Trouble]]) -> float:
    """Share of the events that have none of the kinds."""
    return 1.0 - thresholds[-1][0] if thresholds else 1.0
