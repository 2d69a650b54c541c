"""Which records count, and in which books they are entered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from schemas.settings import Settings
from simulator.events import Event
from simulator.ledger.books import Book, Table
from simulator.ledger.calendar import MINUTE_MS, Calendar
from simulator.ledger.customers import Customers
from simulator.ledger.identities import Identities
from simulator.ledger.minutes import Minutes
from simulator.ledger.money import Money
from simulator.ledger.orders import OrderRules, Orders
from simulator.ledger.payments import Payments
from simulator.ledger.products import Products
from simulator.ledger.recommendations import Recommendations
from simulator.ledger.sales import Sales
from simulator.ledger.searches import Searches
from simulator.ledger.sessions import Sessions
from simulator.ledger.users import Users
from simulator.plan import Plan

TOO_OLD: Final = "too_old"
TOO_FAR_IN_FUTURE: Final = "too_far_in_future"

DEFAULT_ORDER_RULES: Final = OrderRules()

_CARTS: Final = ("add_to_cart", "remove_from_cart")
_ORDERS: Final = ("purchase", "refund", "order_cancelled")
_RECOMMENDATIONS: Final = ("recommendation_shown", "recommendation_clicked", "recommendation_purchased")
_SIGN_INS: Final = ("user_identified", "user_login", "user_registered", "user_logout")
_PAYMENTS: Final = ("payment_initiated", "payment_succeeded", "payment_failed")


def ledger_of(settings: Settings, plan: Plan) -> Ledger:
    """An empty ledger of a plan, by the settings that decide how orders count."""
    rules = OrderRules(settings.fold_orders, settings.ranked_order_sources, settings.prices_include_tax)
    return Ledger(plan.time_zone, plan.lateness_ms, plan.skew_ms, rules)


class Ledger:
    """The expected results of a simulation, whatever the order of its records.

    Args:
        time_zone: The shop's.
        lateness_ms: How long after it happened an event may be received.
        skew_ms: How far its time may be ahead of its reception.
        order_rules: Which report of an order counts.

    Attributes:
        produced: Records.
        accepted: Events that count.
        duplicates: Further records of events that count.
        failed: Reason -> records refused for it.
        trouble: Kind of trouble -> records that have it.
    """

    def __init__(
        self, time_zone: str, lateness_ms: int, skew_ms: int, order_rules: OrderRules = DEFAULT_ORDER_RULES
    ) -> None:
        self.time_zone = time_zone
        self.lateness_ms = lateness_ms
        self.skew_ms = skew_ms
        self.order_rules = order_rules
        self.produced = 0
        self.accepted = 0
        self.duplicates = 0
        self.failed: Counter[str] = Counter()
        self.trouble: Counter[str] = Counter()
        self._calendar = Calendar(time_zone)
        self._identities, self._orders = Identities(), Orders(order_rules)
        self._users, self._minutes = Users(self._identities), Minutes(self._orders)
        self._sessions = Sessions(self._calendar, self._orders)
        self._products, self._searches, self._payments = Products(self._orders), Searches(), Payments()
        self._recommendations = Recommendations(self._orders)
        self._books_of = self._index()

    def receive(self, received_ms: int, event: Event, reason: str | None = None, kinds: Iterable[str] = ()) -> None:
        """Count one record.

        Args:
            received_ms: When the shop received it, epoch milliseconds.
            event: Its event.
            reason: Why it must be refused, whatever its age; None for a valid record.
            kinds: Its kinds of trouble.
        """
        self.produced += 1
        for kind in kinds:
            self.trouble[kind] += 1
        late_ms = received_ms - event.time_ms
        if reason is not None:
            self.failed[reason] += 1
        elif late_ms > self.lateness_ms:
            self.failed[TOO_OLD] += 1
        elif -late_ms > self.skew_ms:
            self.failed[TOO_FAR_IN_FUTURE] += 1
        elif event.was_counted:
            self.duplicates += 1
        else:
            event.was_counted = True
            self._count(event)

    def tables(self) -> Iterator[Table]:
        """The expected rows of every result table."""
        for book in (*self._all_books(), *self._books_of_orders()):
            yield from book.tables()

    def _count(self, event: Event) -> None:
        self.accepted += 1
        minute = event.time_ms // MINUTE_MS
        day = self._calendar.day_of(minute)
        for book in self._books_of.get(event.event_type, self._common):
            book.enter(event, day, minute)

    def _index(self) -> dict[str, tuple[Book, ...]]:
        """Type of event -> the books in which it is entered."""
        self._common: tuple[Book, ...] = (self._users, self._minutes, self._sessions)
        index: dict[str, tuple[Book, ...]] = {
            "view_item": (*self._common, self._products),
            "search": (*self._common, self._searches),
            "select_item": (*self._common, self._searches),
        }
        index |= dict.fromkeys(_SIGN_INS, (*self._common, self._identities))
        index |= dict.fromkeys(_CARTS, (*self._common, self._products))
        index |= dict.fromkeys(_ORDERS, (*self._common, self._orders, self._products, self._recommendations))
        index |= dict.fromkeys(_RECOMMENDATIONS, (*self._common, self._recommendations))
        index |= dict.fromkeys(_PAYMENTS, (*self._common, self._payments))
        index["purchase"] += (self._identities,)
        return index

    def _all_books(self) -> tuple[Book, ...]:
        return (
            *self._common,
            self._identities,
            self._orders,
            self._products,
            self._searches,
            self._payments,
            self._recommendations,
        )

    def _books_of_orders(self) -> tuple[Book, ...]:
        """Books of nothing but orders, written anew each time."""
        books: tuple[Book, ...] = (Sales(), Money(self.order_rules.is_tax_included), Customers())
        for entry in self._orders.booked():
            for book in books:
                book.enter(*entry)
        return books
