"""Sessions, the funnel and carts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from simulator.events import Event
from simulator.ledger.books import (
    AMOUNT,
    COUNT,
    DAY,
    INSTANT,
    RATE,
    TEXT,
    Cell,
    Table,
    amount_cell,
    rate_cell,
    value_of,
)
from simulator.ledger.calendar import MINUTE_MS, Calendar, instant
from simulator.ledger.orders import PURCHASE, Orders

STEPS: Final = ("view_item", "add_to_cart", "begin_checkout", "payment_initiated", PURCHASE)


class _Session:
    """One session."""

    __slots__ = (
        "carted",
        "ended_ms",
        "events",
        "first",
        "first_key",
        "first_view_ms",
        "page_views",
        "steps",
    )

    def __init__(self, event: Event) -> None:
        self.first = event
        self.first_key = (event.time_ms, event.event_id)
        self.ended_ms = event.time_ms
        self.events = 0
        self.page_views = 0
        self.carted = 0
        self.first_view_ms: int | None = None
        self.steps: list[tuple[int, int]] = []

    def enter(self, event: Event) -> None:
        time_ms, kind = event.time_ms, event.event_type
        key = (time_ms, event.event_id)
        if key < self.first_key:
            self.first, self.first_key = event, key
        self.ended_ms = max(time_ms, self.ended_ms)
        self.events += 1
        if kind == "page_view":
            self.page_views += 1
        elif kind == "view_item":
            if self.first_view_ms is None or time_ms < self.first_view_ms:
                self.first_view_ms = time_ms
        elif kind in STEPS and kind != PURCHASE:
            self.steps.append((time_ms, STEPS.index(kind)))
            self.carted += kind == "add_to_cart"


class _Bought:
    """A session, and the orders that were bought in it."""

    def __init__(self, session: _Session, orders: list[tuple[Event, Event]]) -> None:
        self.session = session
        self.orders = orders

    def reached(self) -> int:
        """How many steps of the funnel were taken in order; at one time, as if in order."""
        if self.session.first_view_ms is None:
            return 0
        at_ms, reached = self.session.first_view_ms, 1
        purchases = [(purchase.time_ms, STEPS.index(PURCHASE)) for purchase, _ in self.orders]
        for time_ms, step in sorted([*self.session.steps, *purchases]):
            if step == reached and time_ms >= at_ms:
                at_ms, reached = time_ms, reached + 1
        return reached

    def revenue(self) -> tuple[str | None, str | None]:
        """Currency and amount of its orders; nothing where there is none, or several currencies."""
        currencies = {counted.body.fields["currency"] for _, counted in self.orders}
        if len(currencies) != 1:
            return None, None
        return currencies.pop(), amount_cell(sum(value_of(counted) for _, counted in self.orders))


@dataclass(slots=True)
class _Funnel:
    """The sessions that started on one day."""

    sessions: int = 0
    visitors: set[str] = field(default_factory=set)
    reached: list[int] = field(default_factory=lambda: [0] * (len(STEPS) + 1))
    converted: int = 0
    carts: int = 0
    abandoned: int = 0

    def enter(self, bought: _Bought) -> None:
        session = bought.session
        self.sessions += 1
        self.visitors.add(session.first.visit.user_id)
        for step in range(1, bought.reached() + 1):
            self.reached[step] += 1
        self.converted += bool(bought.orders)
        self.carts += bool(session.carted)
        self.abandoned += bool(session.carted and not bought.orders)

    def cells(self) -> tuple[Cell, ...]:
        return (
            self.sessions,
            len(self.visitors),
            *self.reached[1:],
            self.converted,
            rate_cell(self.converted, self.sessions),
            self.carts,
            self.abandoned,
            rate_cell(self.abandoned, self.carts),
        )


class Sessions:
    """The book of sessions and carts.

    Args:
        calendar: Gives the day on which a session starts.
        orders: Has the purchases that count.
    """

    def __init__(self, calendar: Calendar, orders: Orders) -> None:
        self._calendar = calendar
        self._orders = orders
        self._sessions: dict[str, _Session] = {}
        self._carts: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0, 0, 0])

    def enter(self, event: Event, day: date, minute: int) -> None:  # noqa: ARG002
        """Enter an event."""
        if event.event_type in ("add_to_cart", "remove_from_cart"):
            account, column = self._carts[day], 0 if event.event_type == "add_to_cart" else 1
            account[column] += 1
            account[column + 2] += event.body.fields["quantity"]
        if event.visit.session_id:
            session = self._sessions.get(event.visit.session_id)
            if session is None:
                session = self._sessions[event.visit.session_id] = _Session(event)
            session.enter(event)

    def tables(self) -> Iterator[Table]:
        """sessions, funnel_daily, carts_daily."""
        columns = {
            "day": DAY,
            "session_id": TEXT,
            "user_id": TEXT,
            "started_at": INSTANT,
            "ended_at": INSTANT,
            "events": COUNT,
            "page_views": COUNT,
            "entry_page": TEXT,
            "device": TEXT,
            "channel": TEXT,
            "country": TEXT,
            "cart_additions": COUNT,
            "purchases": COUNT,
            "currency": TEXT,
            "revenue": AMOUNT,
            "steps": COUNT,
        }
        bought = self._bought()
        yield Table.of("sessions", columns, 2, (self._row(name, each) for name, each in bought.items()))
        yield self._funnel(bought.values())
        yield Table.of(
            "carts_daily",
            {"day": DAY, "additions": COUNT, "removals": COUNT, "units_added": COUNT, "units_removed": COUNT},
            1,
            ((day.isoformat(), *account) for day, account in self._carts.items()),
        )

    def _bought(self) -> dict[str, _Bought]:
        orders: defaultdict[str, list[tuple[Event, Event]]] = defaultdict(list)
        for purchase, counted in self._orders.in_sessions():
            orders[str(purchase.visit.session_id)].append((purchase, counted))
        return {name: _Bought(session, orders[name]) for name, session in self._sessions.items()}

    def _row(self, session_id: str, bought: _Bought) -> tuple[Cell, ...]:
        session = bought.session
        visit = session.first.visit
        return (
            self._day_of(session).isoformat(),
            session_id,
            visit.user_id,
            instant(session.first.time_ms),
            instant(session.ended_ms),
            session.events,
            session.page_views,
            session.first.body.fields.get("page_url"),
            visit.device,
            visit.channel,
            visit.country,
            session.carted,
            len(bought.orders),
            *bought.revenue(),
            bought.reached(),
        )

    def _funnel(self, sessions: Iterable[_Bought]) -> Table:
        days: defaultdict[date, _Funnel] = defaultdict(_Funnel)
        for bought in sessions:
            days[self._day_of(bought.session)].enter(bought)
        steps = dict.fromkeys(("viewed", "carted", "checked_out", "paid", "purchased", "converted"), COUNT)
        carts = {"carts": COUNT, "abandoned_carts": COUNT, "abandonment_rate": RATE}
        columns = {"sessions": COUNT, "visitors": COUNT, **steps, "conversion_rate": RATE, **carts}
        rows = ((day.isoformat(), *funnel.cells()) for day, funnel in days.items())
        return Table.of("funnel_daily", {"day": DAY, **columns}, 1, rows)

    def _day_of(self, session: _Session) -> date:
        return self._calendar.day_of(session.first.time_ms // MINUTE_MS)
