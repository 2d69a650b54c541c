"""What was recommended, and what came of it: clicks, purchases, and what these earned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from simulator.events import Event
from simulator.ledger.books import (
    AMOUNT,
    COUNT,
    DAY,
    ITEMS,
    RATE,
    TEXT,
    Table,
    amount_cell,
    lines_of,
    rate_cell,
    value_of,
)
from simulator.ledger.orders import Orders

CLICK_COUNTS_MS: Final = 7 * 86_400_000
"""How long before a purchase a click may be."""

_SHOWN: Final = 0
_CLICKS: Final = 1
_PURCHASES: Final = 2

_UNITS: Final = 0
_GROSS: Final = 1
_COLUMN_OF: Final = {"refund": 2, "order_cancelled": 3}


class Origin(NamedTuple):
    """Which recommendation it was, as an event says; what it does not say is empty or 0."""

    model_version: str
    source: str
    arm: str
    position: int


class _Touch(NamedTuple):
    """A click, or what a producer says of a purchase; of several the greatest counts."""

    time_ms: int
    event_id: str
    origin: Origin


@dataclass(slots=True)
class _Coverage:
    """The answers that were shown of one day, model and source."""

    lists: int = 0
    users: set[str] = field(default_factory=set)
    products: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Purchase:
    """One purchase; amounts in ten-thousandths."""

    time_ms: int
    day: date
    user: str
    order: str
    currency: str
    value: int
    bought: dict[str, list[int]]
    """Product -> units, and what they cost."""


class _Return(NamedTuple):
    """A refund or a cancellation; amounts in ten-thousandths."""

    day: date
    column: int
    value: int
    lines: list[tuple[str, int]]
    """Product and amount; empty where it is of the whole order."""


class Recommendations:
    """The book of recommendations.

    Args:
        orders: Has the purchases that count.
    """

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._activity: defaultdict[tuple[date, Origin], list[int]] = defaultdict(lambda: [0, 0, 0])
        self._coverage: defaultdict[tuple[date, str, str], _Coverage] = defaultdict(_Coverage)
        self._clicks: defaultdict[tuple[str, str], list[_Touch]] = defaultdict(list)
        self._named: defaultdict[tuple[str, str, str], list[_Touch]] = defaultdict(list)
        self._returns: defaultdict[tuple[str, str], list[_Return]] = defaultdict(list)

    def enter(self, event: Event, day: date, minute: int) -> None:  # noqa: ARG002
        """Enter an event."""
        match event.event_type:
            case "recommendation_shown":
                self._enter_shown(event, day)
            case "recommendation_clicked":
                self._activity[day, _origin_of(event)][_CLICKS] += 1
                self._clicks[event.visit.user_id, event.body.fields["product_id"]].append(_touch_of(event))
            case "recommendation_purchased":
                fields = event.body.fields
                named = event.visit.user_id, fields["product_id"], fields.get("order_id") or ""
                self._named[named].append(_touch_of(event))
            case "refund" | "order_cancelled":
                fields = event.body.fields
                self._returns[fields["order_id"], fields["currency"]].append(_return_of(event, day))

    def _enter_shown(self, event: Event, day: date) -> None:
        origin, fields = _origin_of(event), event.body.fields
        listed = [item["product_id"] for item in fields.get(ITEMS) or ()]
        ranked = list(enumerate(listed, start=1))
        if not listed and fields.get("product_id"):
            ranked = [(origin.position, fields["product_id"])]
        coverage = self._coverage[day, origin.model_version, origin.source]
        coverage.lists += 1
        coverage.users.add(event.visit.user_id)
        for position, product in ranked:
            coverage.products.add(product)
            self._activity[day, origin._replace(position=position)][_SHOWN] += 1

    def tables(self) -> Iterator[Table]:
        """recommendation_activity_daily, recommendation_revenue_daily, recommendation_coverage_daily."""
        attributed = [
            (purchase, product, origin)
            for event, day, _ in self._orders.counted()
            for purchase in [_purchase_of(event, day)]
            for product in purchase.bought
            if (origin := self._attributed(purchase, product)) is not None
        ]
        yield self._activity_table(attributed)
        yield self._revenue_table(attributed)
        yield self._coverage_table()

    def _attributed(self, purchase: _Purchase, product: str) -> Origin | None:
        """The last click within seven days; without one, what the producer says; else nothing."""
        earliest_ms = purchase.time_ms - CLICK_COUNTS_MS
        clicks = self._clicks.get((purchase.user, product), [])
        counting = [click for click in clicks if earliest_ms <= click.time_ms <= purchase.time_ms]
        touches = counting or self._named.get((purchase.user, product, purchase.order), [])
        return max(touches).origin if touches else None

    def _activity_table(self, attributed: list[tuple[_Purchase, str, Origin]]) -> Table:
        accounts = defaultdict(lambda: [0, 0, 0], {key: list(counts) for key, counts in self._activity.items()})
        for purchase, _, origin in attributed:
            accounts[purchase.day, origin][_PURCHASES] += 1
        counts = {"shown": COUNT, "clicks": COUNT, "purchases": COUNT, "click_rate": RATE, "conversion_rate": RATE}
        return Table.of(
            "recommendation_activity_daily",
            {"day": DAY, **_ORIGIN_COLUMNS, **counts},
            5,
            (
                (day.isoformat(), *origin, shown, clicks, bought, rate_cell(clicks, shown), rate_cell(bought, clicks))
                for (day, origin), (shown, clicks, bought) in accounts.items()
            ),
        )

    def _revenue_table(self, attributed: list[tuple[_Purchase, str, Origin]]) -> Table:
        accounts: defaultdict[tuple[date, str, Origin], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for purchase, product, origin in attributed:
            units, cost = purchase.bought[product]
            account = accounts[purchase.day, purchase.currency, origin]
            account[_UNITS] += units
            account[_GROSS] += cost
            for returned in self._returns.get((purchase.order, purchase.currency), []):
                for amount in _given_back(returned, purchase, product):
                    accounts[returned.day, purchase.currency, origin][returned.column] += amount
        amounts = {"units": COUNT, **dict.fromkeys(("gross", "refunds", "cancelled", "net"), AMOUNT)}
        return Table.of(
            "recommendation_revenue_daily",
            {"day": DAY, "currency": TEXT, **_ORIGIN_COLUMNS, **amounts},
            6,
            (
                (day.isoformat(), cur, *origin, units, *map(amount_cell, (gross, back, gone, gross - back - gone)))
                for (day, cur, origin), (units, gross, back, gone) in accounts.items()
            ),
        )

    def _coverage_table(self) -> Table:
        counts = {"lists": COUNT, "users": COUNT, "products": COUNT, "products_per_list": RATE}
        return Table.of(
            "recommendation_coverage_daily",
            {"day": DAY, "model_version": TEXT, "recommendation_source": TEXT, **counts},
            3,
            (
                (day.isoformat(), *key, shown.lists, len(shown.users), products, rate_cell(products, shown.lists))
                for (day, *key), shown in self._coverage.items()
                for products in [len(shown.products)]
            ),
        )


_ORIGIN_COLUMNS: Final = {
    "model_version": TEXT,
    "recommendation_source": TEXT,
    "experiment_arm": TEXT,
    "position": COUNT,
}


def _origin_of(event: Event) -> Origin:
    fields = event.body.fields
    return Origin(
        fields.get("model_version") or "",
        fields.get("recommendation_source") or "",
        fields.get("experiment_arm") or "",
        fields.get("position") or 0,
    )


def _touch_of(event: Event) -> _Touch:
    return _Touch(event.time_ms, event.event_id, _origin_of(event))


def _purchase_of(event: Event, day: date) -> _Purchase:
    bought: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for line in lines_of(event):
        bought[line.product_id][0] += line.quantity
        bought[line.product_id][1] += line.cost
    fields = event.body.fields
    order, currency = fields["order_id"], fields["currency"]
    return _Purchase(event.time_ms, day, event.visit.user_id, order, currency, value_of(event), bought)


def _return_of(event: Event, day: date) -> _Return:
    lines = lines_of(event) if event.event_type == "refund" else []
    kept = [(line.product_id, line.cost) for line in lines]
    return _Return(day, _COLUMN_OF[event.event_type], value_of(event), kept)


def _given_back(returned: _Return, purchase: _Purchase, product: str) -> list[int]:
    """What a return gives back of a product: its lines of the product, or the product's share in the order."""
    if returned.lines:
        return [cost for line_product, cost in returned.lines if line_product == product]
    return [_share(returned.value, purchase.bought[product][1], purchase.value)]


def _share(value: int, part: int, whole: int) -> int:
    """A part's share of an amount, rounded half up; nothing of what cost nothing."""
    return (2 * value * part + whole) // (2 * whole) if whole else 0
