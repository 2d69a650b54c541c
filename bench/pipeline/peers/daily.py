"""The daily tables of docs/metrics.md, in dictionaries. Amounts are whole ten-thousandths, days are UTC."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from simulator.ledger.identities import LINKS, Link, Visitor

DAY_MS = 86_400_000
Row = list[Any]
Event = dict[str, Any]


def amount(unscaled: bytes) -> int:
    return int.from_bytes(unscaled, "big", signed=True)


def counters(size: int) -> Callable[[], list[int]]:
    return lambda: [0] * size


class Daily:
    def __init__(self) -> None:
        self.sales: defaultdict[tuple[int, str], list[int]] = defaultdict(counters(5))
        self.buyers: defaultdict[tuple[int, str], set[str]] = defaultdict(set)
        self.first_purchases: dict[str, tuple[int, str, int, str]] = {}
        self.breakdown: defaultdict[tuple[int, str, str, str], list[int]] = defaultdict(counters(3))
        self.products: defaultdict[tuple[int, str, str], list[int]] = defaultdict(counters(5))
        self.activity: defaultdict[tuple[int, str], list[int]] = defaultdict(counters(3))
        self.users: defaultdict[int, set[str]] = defaultdict(set)
        self.presences: dict[tuple[int, str, str], int] = {}
        self.visitors: defaultdict[str, Visitor] = defaultdict(Visitor)
        self.registrations: defaultdict[int, int] = defaultdict(int)
        self.carts: defaultdict[int, list[int]] = defaultdict(counters(4))
        self.searches: defaultdict[int, list[int]] = defaultdict(counters(3))
        self.queries: defaultdict[tuple[int, str], list[int]] = defaultdict(counters(3))
        self.payments: defaultdict[tuple[int, str], list[int]] = defaultdict(counters(4))
        self.failures: defaultdict[tuple[int, str, str], list[int]] = defaultdict(counters(2))
        self._handlers: dict[str, Callable[[int, Event], None]] = {
            "view_item": self._view,
            "add_to_cart": self._add,
            "remove_from_cart": self._remove,
            "search": self._search,
            "select_item": self._click,
            "purchase": self._purchase,
            "refund": self._refund,
            "order_cancelled": self._cancel,
            "payment_initiated": self._payment,
            "payment_succeeded": self._payment,
            "payment_failed": self._payment,
            "user_registered": self._registered,
        }

    def add(self, event: Event) -> None:
        time_ms = event["event_time"]
        day = time_ms // DAY_MS
        user, visitor = event["user_id"], event["anonymous_id"]
        if visitor and user == visitor:
            presence = (day, visitor, event["session_id"] or "")
            if time_ms < self.presences.get(presence, time_ms + 1):
                self.presences[presence] = time_ms
        elif user:
            self.users[day].add(user)
        if visitor:
            self._identify(visitor, event)
        handler = self._handlers.get(event["event_type"])
        if handler is not None:
            handler(day, event)

    def _identify(self, visitor: str, event: Event) -> None:
        if event["event_type"] == "user_logout":
            self.visitors[visitor].sign_outs.append(event["event_time"])
        elif event["event_type"] in LINKS and event["user_id"] not in ("", visitor):
            link = Link(event["event_time"], event["event_id"], event["session_id"] or "", event["user_id"])
            self.visitors[visitor].links.append(link)

    def _view(self, day: int, event: Event) -> None:
        self.activity[day, event["product_id"]][0] += 1

    def _add(self, day: int, event: Event) -> None:
        self.activity[day, event["product_id"]][1] += 1
        cart = self.carts[day]
        cart[0] += 1
        cart[2] += event["quantity"]

    def _remove(self, day: int, event: Event) -> None:
        cart = self.carts[day]
        cart[1] += 1
        cart[3] += event["quantity"]

    def _search(self, day: int, event: Event) -> None:
        found_nothing = event["search_results"] == 0
        for counted in (self.searches[day], self.queries[day, event["search_query"].strip(" ").lower()]):
            counted[0] += 1
            counted[1] += found_nothing

    def _click(self, day: int, event: Event) -> None:
        if event["search_query"] is not None:
            self.searches[day][2] += 1
            self.queries[day, event["search_query"].strip(" ").lower()][2] += 1

    def _purchase(self, day: int, event: Event) -> None:
        currency, user, value = event["currency"], event["user_id"], amount(event["value"])
        first = (event["event_time"], event["event_id"], day, currency)
        if user not in self.first_purchases or first[:2] < self.first_purchases[user][:2]:
            self.first_purchases[user] = first
        self.buyers[day, currency].add(user)
        units = 0
        for item in event["items"]:
            quantity, revenue = item["quantity"], item["quantity"] * amount(item["price"])
            units += quantity
            product = self.products[day, currency, item["product_id"]]
            product[0] += 1
            product[1] += quantity
            product[2] += revenue
            self.activity[day, item["product_id"]][2] += 1
            category = self.breakdown[day, currency, "category", item["category"] or "(unknown)"]
            category[0] += 1
            category[1] += quantity
            category[2] += revenue
        sales = self.sales[day, currency]
        sales[0] += 1
        sales[1] += units
        sales[2] += value
        for dimension in ("country", "channel"):
            part = self.breakdown[day, currency, dimension, event[dimension] or "(unknown)"]
            part[0] += 1
            part[1] += units
            part[2] += value

    def _refund(self, day: int, event: Event) -> None:
        currency = event["currency"]
        self.sales[day, currency][3] += amount(event["value"])
        for item in event["items"]:
            product = self.products[day, currency, item["product_id"]]
            product[3] += item["quantity"]
            product[4] += item["quantity"] * amount(item["price"])

    def _cancel(self, day: int, event: Event) -> None:
        self.sales[day, event["currency"]][4] += amount(event["value"])

    def _payment(self, day: int, event: Event) -> None:
        payments = self.payments[day, event["currency"]]
        match event["event_type"]:
            case "payment_initiated":
                payments[0] += 1
            case "payment_succeeded":
                payments[1] += 1
                payments[3] += amount(event["value"])
            case _:
                payments[2] += 1
                failures = self.failures[day, event["currency"], event["reason"]]
                failures[0] += 1
                failures[1] += amount(event["value"])

    def _registered(self, day: int, _event: Event) -> None:
        self.registrations[day] += 1

    def tables(self) -> dict[str, list[Row]]:
        """Every table, its rows as the product's result has them, sorted."""
        new_buyers: defaultdict[tuple[int, str], int] = defaultdict(int)
        for _, _, day, currency in self.first_purchases.values():
            new_buyers[day, currency] += 1
        persons = self._persons()
        new_users = Counter({user: day for day in sorted(persons, reverse=True) for user in persons[day]}.values())
        made: dict[str, list[Row]] = {
            "sales_daily": [[*key, *row, len(self.buyers[key]), new_buyers[key]] for key, row in self.sales.items()],
            "revenue_breakdown_daily": [[*key, *row] for key, row in self.breakdown.items()],
            "products_daily": [[*key, *row] for key, row in self.products.items()],
            "product_activity_daily": [[*key, *row] for key, row in self.activity.items()],
            "user_days": [[day, user] for day, users in persons.items() for user in users],
            "users_daily": [
                [day, len(users), new_users[day], self.registrations[day]] for day, users in persons.items()
            ],
            "carts_daily": [[day, *row] for day, row in self.carts.items()],
            "search_daily": [[day, *row] for day, row in self.searches.items()],
            "search_queries_daily": [[*key, *row] for key, row in self.queries.items()],
            "payments_daily": [[*key, *row] for key, row in self.payments.items()],
            "payment_failures_daily": [[*key, *row] for key, row in self.failures.items()],
        }
        return {name: sorted([_iso(row[0]), *row[1:]] for row in rows) for name, rows in made.items()}

    def _persons(self) -> dict[int, set[str]]:
        """Day -> who was there: users, and visitors whom no link says to be one."""
        persons = defaultdict(set, {day: set(users) for day, users in self.users.items()})
        for (day, visitor, session), time_ms in self.presences.items():
            person = self.visitors[visitor].person_at(session, time_ms) if visitor in self.visitors else None
            persons[day].add(person or visitor)
        return persons


def _iso(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()
