"""What the visitors of the shop do, event by event."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any, Final

from simulator.catalogue import SITE, Catalogue, Product, amount, slug
from simulator.events import EMPTY, NOBODY, Body, Event, Visit
from simulator.people import CHANNELS, DEVICES, People, Person
from simulator.recommending import Answer, Recommender

SECOND_MS: Final = 1_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS

SHARE_NEWCOMERS: Final = 0.35
SHARE_APP: Final = 0.2
SHARE_WITHOUT_SESSION: Final = 0.02
SHARE_SIGNING_IN: Final = 0.5
SHARE_REGISTERING: Final = 0.05
SHARE_SIGNING_IN_TO_PAY: Final = 0.5
SHARE_SIGNING_OUT: Final = 0.15
SHARE_LOOKING_ON: Final = 0.5
"""Share of those who signed out who look at one more page."""
MORE_INTENTS: Final = 0.66
SHARE_SEARCHING: Final = 0.35
SHARE_RECOMMENDED: Final = 0.12
SHARE_WITHOUT_RESULTS: Final = 0.08
SHARE_COUNTED: Final = 0.97
"""Share of the searches with a number of results."""
SHARE_CARTED: Final = 0.26
SHARE_WISHED: Final = 0.03
SHARE_REMOVED: Final = 0.12
SHARE_VIEWING_CART: Final = 0.5
SHARE_CHECKING_OUT: Final = 0.55
SHARE_ONE_CLICK: Final = 0.06
SHARE_PAYMENT_FAILED: Final = 0.12
SHARE_GIVING_UP: Final = 0.25
SHARE_COUPON: Final = 0.15
SHARE_BACK_END: Final = 0.3
"""Share of the orders that the back end reports as well."""
SHARE_WITH_SHIPPING: Final = 0.2
"""Share of those whose value the browser reports with the shipping in it."""
SHARE_SEEN_AGAIN: Final = 0.06
"""Share of the orders whose thank-you page is loaded again, which reports them again."""
SHARE_SECOND_CURRENCY: Final = 0.01
SHARE_GIFT: Final = 0.02
SHARE_CANCELLED: Final = 0.04
SHARE_REFUNDED: Final = 0.08
SHARE_REVIEWED: Final = 0.1
SHARE_AT_ONCE: Final = 0.08
"""Share of events at the time of the one before: trackers send in batches, servers answer within a millisecond."""

FAILURES: Final = ("card_declined", "insufficient_funds", "expired_card", "3ds_failed", "fraud_suspected")
RETURNS: Final = ("damaged", "wrong size", "not as described", "changed my mind")
METHODS: Final = ("card", "paypal", "invoice")
QUANTITIES: Final = (1, 1, 1, 1, 1, 2, 2, 3, 4, 12)
REVIEWS: Final = ("Great!", "Does what it should.", "Broke after a week.", "かわいい", None)
NOTHING_FOUND: Final = ("unicorn saddle", "Perpetuum Mobile", "left-handed Teapot", "ÜBERGRÖSSE 99")
QUERY_FORMS: Final = (str.lower, str.title, str.upper, " {} ".format)
"""How people write the same query."""

HOME: Final = Body({"page_url": f"{SITE}/", "page_title": "Home"}, is_shared=True)
CART: Final = Body({"page_url": f"{SITE}/cart", "page_title": "Cart"}, is_shared=True)
CHECKOUT: Final = Body({"page_url": f"{SITE}/checkout", "page_title": "Checkout"}, is_shared=True)
ACCOUNT: Final = Body({"page_url": f"{SITE}/account", "page_title": "Account"}, is_shared=True)

BACK_OFFICE: Final = "back-office"
BACK_END: Final = "backend"
WAREHOUSE: Final = Visit(NOBODY, "warehouse")

_SCRAMBLE: Final = 0x9E37_79B1_5F4B
"""Odd, so that multiplication by it permutes the numbers below a power of two: ids do not show the order of events."""
_ID_BITS: Final = (1 << 48) - 1


class Ids:
    """Unique ids that are the same in each run.

    Args:
        mark: Part of each id, different for each simulation.
    """

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self.issued = 0

    def next(self) -> str:
        """The next event id."""
        self.issued += 1
        return f"{self._mark}-{self.issued * _SCRAMBLE & _ID_BITS:012x}"

    def of(self, kind: str) -> str:
        """An id of another kind, made of the number of the last event."""
        return f"{kind}-{self._mark}-{self.issued}"


class Shop:
    """Makes the events of the shop.

    Args:
        catalogue: What is sold.
        people: Who comes.
        recommender: Answers with recommendations.
        ids: Gives ids to the events.
        rng: Draws what they do.
        sign_in_rng: Draws on which device, and who signs in to pay and who signs out; nothing else draws from it.
        reports: Draws who reports an order again; nothing else draws from it.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        people: People,
        recommender: Recommender,
        ids: Ids,
        rng: Random,
        sign_in_rng: Random,
        reports: Random,
    ) -> None:
        self.catalogue = catalogue
        self.people = people
        self.recommender = recommender
        self.ids = ids
        self.rng = rng
        self.sign_in_rng = sign_in_rng
        self.reports = reports
        self._devices = _wheel([(device, weight) for device, weight in DEVICES])
        self._channels = _wheel([((channel, referrer), weight) for channel, referrer, weight in CHANNELS])
        self._search_bodies: dict[tuple[str, int | None], Body] = {}
        self._list_bodies = {name: _list_body(name) for name in catalogue.categories}

    def opening(self, start_ms: int) -> Iterator[Event]:
        """The catalogue and the stock, as they are at the beginning."""
        for product in self.catalogue.products:
            body = Body({**product.facts("EUR"), "product_description": f"{product.title}, by {product.brand}"})
            yield Event(self.ids.next(), "product_created", start_ms, WAREHOUSE, body)
            yield self.stock_event(product, product.stock, start_ms, "opening stock", is_new=False)

    def housekeeping(self, now_ms: int) -> Iterator[Event]:
        """A price that changes, a delivery of goods."""
        product = self.rng.choice(self.catalogue.products)
        product.reprice(self.rng.uniform(0.85, 1.15))
        yield Event(self.ids.next(), "product_updated", now_ms, WAREHOUSE, Body(product.facts("EUR")))
        yield self.stock_event(self.rng.choice(self.catalogue.products), 100, now_ms, "delivery")

    def stock_event(self, product: Product, change: int, now_ms: int, reason: str, *, is_new: bool = True) -> Event:
        """Goods that came or left."""
        if is_new:
            product.stock = max(0, product.stock + change)
        body = {"product_id": product.product_id, "quantity": change, "stock": product.stock, "reason": reason}
        return Event(self.ids.next(), "stock_changed", now_ms, WAREHOUSE, Body(body))

    def visit(self, start_ms: int, channel: str | None = None) -> list[Event]:
        """All events of one visit and what follows from it, in the order in which they happen within it.

        Args:
            start_ms: When it begins.
            channel: What brought the visitor; None leaves it to chance.
        """
        person = self.people.newcomer() if self.rng.random() < SHARE_NEWCOMERS else self.people.returning()
        walk = _Walk(self, person, self._visit_of(person, channel), start_ms)
        walk.go()
        return walk.events

    def bot(self, number: int, views: int, start_ms: int) -> list[Event]:
        """One visitor that views page after page, several a second."""
        visit = Visit(
            f"bot-{self.ids.of('v')}-{number}",
            "web",
            session_id=self.ids.of(f"bot{number}"),
            device="other",
            channel="direct",
            country="US",
        )
        events, now_ms = [], start_ms
        for _ in range(views):
            now_ms += self.rng.randrange(400)
            product = self.rng.choice(self.catalogue.products)
            events.append(Event(self.ids.next(), "view_item", now_ms, visit, product.page("USD")))
        return events

    def list_body(self, category: str) -> Body:
        """Body of the page of a category."""
        return self._list_bodies.get(category) or self._list_bodies[self.catalogue.categories[0]]

    def search_body(self, query: str, results: int | None) -> Body:
        """Body of a search."""
        body = self._search_bodies.get((query, results))
        if body is None:
            fields = {"search_query": query, "search_results": results}
            body = self._search_bodies[query, results] = Body(fields, is_shared=True)
        return body

    def _visit_of(self, person: Person, channel: str | None) -> Visit:
        rng = self.rng
        is_app = rng.random() < SHARE_APP
        brought_by, referrer = self._channels[int(rng.random() * len(self._channels))]
        visitor = self.sign_in_rng.choice(person.devices)
        return Visit(
            visitor,
            "app" if is_app else "web",
            anonymous_id=visitor,
            session_id=None if rng.random() < SHARE_WITHOUT_SESSION else self.ids.of("s"),
            device="mobile" if is_app else self._devices[int(rng.random() * len(self._devices))],
            channel=channel or brought_by,
            country=person.country,
            language=person.language,
            referrer=None if is_app else referrer,
        )


class _Walk:
    """One visit under way."""

    def __init__(self, shop: Shop, person: Person, visit: Visit, start_ms: int) -> None:
        self.events: list[Event] = []
        self._shop = shop
        self._rng = shop.rng
        self._person = person
        self._visit = visit
        self._now_ms = start_ms
        self._currency = person.currency
        self._cart: list[tuple[Product, int]] = []
        self._recommended: dict[str, Answer] = {}

    def go(self) -> None:
        """From the first page to the last."""
        self._arrive()
        while True:
            self._follow_an_intent()
            if self._rng.random() >= MORE_INTENTS:
                break
        if self._cart:
            self._look_into_cart()
        if self._cart and self._rng.random() < SHARE_CHECKING_OUT * self._person.keenness:
            self._check_out()
        if self._is_signed_in and self._shop.sign_in_rng.random() < SHARE_SIGNING_OUT:
            self._sign_out()

    @property
    def _is_web(self) -> bool:
        return bool(self._visit.fields["source"] == "web")

    @property
    def _is_signed_in(self) -> bool:
        return self._visit.user_id == self._person.user_id

    def _do(self, event_type: str, body: Body, gap_seconds: int = 40) -> None:
        self._let_pass(gap_seconds)
        self._later(event_type, 0, self._visit, body)

    def _let_pass(self, gap_seconds: int) -> None:
        if self.events and self._rng.random() >= SHARE_AT_ONCE:
            self._now_ms += int(self._rng.random() * gap_seconds * SECOND_MS)

    def _later(self, event_type: str, delay_ms: int, visit: Visit, body: Body) -> None:
        """Something that happens so long after what happened last."""
        self.events.append(Event(self._shop.ids.next(), event_type, self._now_ms + delay_ms, visit, body))

    def _arrive(self) -> None:
        rng = self._rng
        if self._is_web:
            self._do("page_view", HOME if rng.random() < 0.6 else self._shop.list_body(self._taste()))
        if self._person.is_registered:
            if rng.random() < SHARE_SIGNING_IN:
                self._sign_in()
        elif rng.random() < SHARE_REGISTERING:
            self._person.is_registered = True
            self._visit = self._visit.signed_in_as(self._person.user_id)
            self._do("user_registered", ACCOUNT if self._is_web else EMPTY)

    def _would_sign_in(self) -> bool:
        return self._person.is_registered and not self._is_signed_in

    def _sign_in(self) -> None:
        """A browser says first that somebody signs in, then who that is; an app says both at once."""
        user = self._visit.signed_in_as(self._person.user_id)
        if self._is_web:
            self._do("user_login", ACCOUNT)
            self._visit = user
            self._do("user_identified", EMPTY, gap_seconds=1)
        else:
            self._visit = user
            self._do("user_login", EMPTY)

    def _sign_out(self) -> None:
        self._do("user_logout", ACCOUNT if self._is_web else EMPTY)
        self._visit = self._visit.signed_in_as(self._visit.fields["anonymous_id"])
        if self._shop.sign_in_rng.random() < SHARE_LOOKING_ON:
            self._do("page_view", HOME)

    def _taste(self) -> str:
        favourites = self._person.favourites
        return favourites[int(len(favourites) * self._rng.random() ** 2)]

    def _follow_an_intent(self) -> None:
        draw = self._rng.random()
        if draw < SHARE_SEARCHING:
            product = self._search()
        elif draw < SHARE_SEARCHING + SHARE_RECOMMENDED:
            product = self._take_recommendation()
        else:
            product = self._browse()
        if product is not None:
            self._consider(product)

    def _search(self) -> Product | None:
        rng = self._rng
        write = QUERY_FORMS[int(len(QUERY_FORMS) * rng.random())]
        if rng.random() < SHARE_WITHOUT_RESULTS:
            self._do("search", self._shop.search_body(write(rng.choice(NOTHING_FOUND)), 0))
            return None
        product = self._shop.catalogue.pick(self._taste(), rng)
        noun = product.title.rpartition(" ")[2]
        query = write(noun)
        is_counted = rng.random() < SHARE_COUNTED
        self._do("search", self._shop.search_body(query, self._shop.catalogue.hits[noun] if is_counted else None))
        if rng.random() < 0.3:
            return None
        self._do("select_item", product.search_result(self._currency, query))
        return product

    def _browse(self) -> Product | None:
        category = self._taste()
        self._do("view_item_list", self._shop.list_body(category))
        if self._rng.random() < 0.15:
            return None
        product = self._shop.catalogue.pick(category, self._rng)
        if self._rng.random() < 0.4:
            self._do("select_item", product.listed(self._currency))
        return product

    def _take_recommendation(self) -> Product | None:
        self._let_pass(40)
        product = None if self._rng.random() < 0.5 else self._shop.catalogue.pick(self._taste(), self._rng)
        answer = self._shop.recommender.answer(self._shop.ids.of("r"), self._visit.user_id, product)
        self._later("recommendation_shown", 0, self._visit, Body(answer.shown()))
        if product is not None:
            self._recommended[product.product_id] = answer
            self._do("recommendation_clicked", Body({**product.facts(self._currency), **answer.clicked(product)}))
        return product

    def _consider(self, product: Product) -> None:
        rng = self._rng
        self._do("view_item", product.page(self._currency))
        if rng.random() < SHARE_WISHED:
            self._do("add_to_wishlist", product.listed(self._currency))
        if rng.random() >= SHARE_CARTED * self._person.keenness:
            return
        quantity = QUANTITIES[int(len(QUANTITIES) * rng.random())]
        self._do("add_to_cart", product.quantity(self._currency, quantity))
        self._cart.append((product, quantity))
        if rng.random() < SHARE_REMOVED:
            product, quantity = self._cart.pop(rng.randrange(len(self._cart)))
            self._do("remove_from_cart", product.quantity(self._currency, quantity))

    def _look_into_cart(self) -> None:
        if self._rng.random() < SHARE_VIEWING_CART:
            self._do("view_cart", CART)

    def _check_out(self) -> None:
        rng = self._rng
        order = _Order(self._shop, self._cart, self._currency)
        if rng.random() < SHARE_ONE_CLICK:
            self._buy(order, "card")
            return
        self._do("begin_checkout", CHECKOUT)
        if self._would_sign_in() and self._shop.sign_in_rng.random() < SHARE_SIGNING_IN_TO_PAY:
            self._sign_in()
        self._do("add_payment_info", CHECKOUT)
        method = rng.choice(METHODS)
        while not self._pay(order, method):
            if rng.random() < SHARE_GIVING_UP:
                return
        self._buy(order, method)
        if rng.random() < SHARE_SECOND_CURRENCY:
            abroad = _Order(self._shop, self._cart[:1], "USD" if self._currency != "USD" else "EUR")
            self._buy(abroad, method)

    def _pay(self, order: _Order, method: str) -> bool:
        payment: dict[str, Any] = {
            "order_id": order.order_id,
            "currency": order.currency,
            "value": order.value,
            "payment_id": self._shop.ids.of("pay"),
            "payment_method": method,
        }
        body = Body(payment, is_shared=True)
        self._do("payment_initiated", body, gap_seconds=20)
        if self._rng.random() < SHARE_PAYMENT_FAILED:
            reason = self._rng.choice(FAILURES)
            self._do("payment_failed", Body({**payment, "reason": reason}), gap_seconds=4)
            return False
        self._do("payment_succeeded", body, gap_seconds=4)
        return True

    def _buy(self, order: _Order, method: str) -> None:
        fields = {**order.fields(), "payment_method": method}
        self._report(fields)
        for product, quantity in order.lines:
            left = self._shop.stock_event(product, -quantity, self._now_ms, "sale")
            self.events.append(left)
            if (answer := self._recommended.get(product.product_id)) is not None:
                bought = answer.bought(product, order.order_id, has_details=self._shop.recommender.tells_all())
                self._do("recommendation_purchased", Body(bought), gap_seconds=1)
        self._follow_up(order)

    def _report(self, order: dict[str, Any]) -> None:
        """What the browser reports of an order, and who else reports it."""
        rng = self._shop.reports
        draw = rng.random()
        is_by_back_end = draw < SHARE_BACK_END
        has_shipping = is_by_back_end and rng.random() < SHARE_WITH_SHIPPING
        page = {**order, "value": order["value"] + order["shipping"]} if has_shipping else order
        self._do("purchase", Body(page), gap_seconds=1)
        if is_by_back_end:
            user = self._person.user_id if self._person.is_registered else self._visit.user_id
            self._later("purchase", rng.choice((0, rng.randrange(5 * SECOND_MS))), Visit(user, BACK_END), Body(order))
        elif draw < SHARE_BACK_END + SHARE_SEEN_AGAIN:
            later_ms = rng.choice((0, rng.randrange(10 * 60 * SECOND_MS), rng.randrange(2 * DAY_MS)))
            self._later("purchase", later_ms, self._seen_again(later_ms), Body(page))

    def _seen_again(self, later_ms: int) -> Visit:
        """The visit in which a page is loaded again so long afterwards."""
        if later_ms < HOUR_MS or not self._visit.session_id:
            return self._visit
        return Visit(**{**self._visit.fields, "session_id": f"{self._visit.session_id}-again"})

    def _follow_up(self, order: _Order) -> None:
        rng = self._rng
        draw = rng.random()
        office = Visit(self._visit.user_id, BACK_OFFICE, country=self._visit.country, channel=self._visit.channel)
        if draw < SHARE_CANCELLED:
            cancelled = {"order_id": order.order_id, "currency": order.currency, "value": order.value}
            self._later(
                "order_cancelled", rng.randrange(12 * HOUR_MS), office, Body({**cancelled, "reason": "by customer"})
            )
        elif draw < SHARE_CANCELLED + SHARE_REFUNDED:
            self._later("refund", rng.randrange(5 * DAY_MS), office, Body(order.refund(rng)))
        elif draw < SHARE_CANCELLED + SHARE_REFUNDED + SHARE_REVIEWED:
            product, _ = order.lines[0]
            review = {
                "product_id": product.product_id,
                "rating": rng.randrange(1, 6),
                "review_text": rng.choice(REVIEWS),
            }
            self._later("review_posted", rng.randrange(DAY_MS, 5 * DAY_MS), office, Body(review))


class _Order:
    """What one purchase holds."""

    def __init__(self, shop: Shop, lines: list[tuple[Product, int]], currency: str) -> None:
        rng = shop.rng
        self.order_id = shop.ids.of("o")
        self.currency = currency
        self.lines = list(lines)
        self._prices = [0 if rng.random() < SHARE_GIFT else product.price(currency) for product, _ in lines]
        cost = sum(price * quantity for price, (_, quantity) in zip(self._prices, self.lines, strict=True))
        self._discount = cost // 10 if rng.random() < SHARE_COUPON else 0
        self._cost = cost

    @property
    def value(self) -> Decimal:
        """What is paid for the lines."""
        return amount(self._cost - self._discount)

    def fields(self) -> dict[str, Any]:
        """The fields of its purchase."""
        fields: dict[str, Any] = {"order_id": self.order_id, "currency": self.currency, "value": self.value}
        if self._discount:
            fields |= {"discount": amount(self._discount), "coupon": "WELCOME10"}
        return fields | {"tax": amount(self._cost // 6), "shipping": amount(4_9000), "items": self._items()}

    def refund(self, rng: Random) -> dict[str, Any]:
        """The fields of a refund: the whole order, or one unit of a line; a third of them without lines."""
        fields: dict[str, Any] = {"order_id": self.order_id, "currency": self.currency, "value": self.value}
        items = self._items()
        if rng.random() < 0.5:
            line = {**rng.choice(items), "quantity": 1}
            items, fields["value"] = [line], line["price"]
        if rng.random() < 0.67:
            fields["items"] = items
        return fields | {"reason": rng.choice(RETURNS)}

    def _items(self) -> list[dict[str, Any]]:
        return [
            {
                "product_id": product.product_id,
                "quantity": quantity,
                "price": amount(price),
                "category": product.category,
            }
            for (product, quantity), price in zip(self.lines, self._prices, strict=True)
        ]


def _list_body(category: str) -> Body:
    name = slug(category)
    fields = {"page_url": f"{SITE}/c/{name}", "page_title": category, "category": category, "list_id": name}
    return Body(fields, is_shared=True)


def _wheel(weighted: list[tuple[Any, int]]) -> list[Any]:
    """Each value as often as its weight says, so that one random index draws from it."""
    return [value for value, weight in weighted for _ in range(weight)]
