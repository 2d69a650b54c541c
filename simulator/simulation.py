"""The whole shop: its records in the order in which they are received."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Final

from simulator.catalogue import Catalogue
from simulator.events import Event
from simulator.people import People
from simulator.plan import Plan, Trouble, seeded_rng
from simulator.recommending import Recommender
from simulator.rhythm import HOUR_MS, Hour, hours
from simulator.shopping import Ids, Shop
from simulator.trouble import LATENCY_MS, Form, Troublemaker

EVENTS_PER_PRODUCT: Final = 100
MAX_PRODUCTS: Final = 2_000
MAX_PRODUCTS_LIVE: Final = 100
"""Few, because a live shop sends its catalogue first."""
EVENTS_PER_PERSON: Final = 40
MAX_PEOPLE: Final = 50_000
SHARE_OF_BOTS: Final = 0.03
VIEWS_OF_A_BOT: Final = 3_000
SHARE_IN_BURST: Final = 0.7
SHARE_OF_HOUSEKEEPING: Final = 0.3
"""Share of the hours in which a price changes and goods arrive."""

Record = tuple[int, int, Event, Form | None]
"""(time of reception, sequence number, event, form): tuples, as they are sorted by the first two."""


class Simulation:
    """One run of a plan.

    Records are held until the hour of their reception: one hour of events, and the late records of a few days.

    Args:
        plan: What to simulate.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._start_ms = plan.start_ms
        self._rng = seeded_rng(plan.seed, "shop")
        self._troublemaker = Troublemaker(plan, seeded_rng(plan.seed, "trouble"))
        setup_rng = seeded_rng(plan.seed, "scenery")
        most = MAX_PRODUCTS_LIVE if plan.is_live else MAX_PRODUCTS
        catalogue = Catalogue(min(most, max(1, plan.events // EVENTS_PER_PRODUCT)), setup_rng)
        size = min(MAX_PEOPLE, max(5, plan.events // EVENTS_PER_PERSON))
        people = People(size, setup_rng, seeded_rng(plan.seed, "devices"))
        recommender = Recommender(catalogue, seeded_rng(plan.seed, "recommendations"))
        sign_in_rng, reports = seeded_rng(plan.seed, "sign-ins"), seeded_rng(plan.seed, "reports")
        self._shop = Shop(catalogue, people, recommender, Ids(plan.mark), self._rng, sign_in_rng, reports)
        self._hours = list(hours(plan, setup_rng))
        self._bots = self._plan_bots(setup_rng)
        self._made = 0
        self._numbered = 0
        self._due: defaultdict[int, list[Record]] = defaultdict(list)

    def records(self) -> Iterator[Record]:
        """All records, by the time of their reception; can be iterated once."""
        self._add(self._shop.opening(self.plan.start_ms))
        for index, hour in enumerate(self._hours):
            self._simulate(hour)
            yield from sorted(self._due.pop(index, ()))
        for index in sorted(self._due):
            yield from sorted(self._due.pop(index))

    def _simulate(self, hour: Hour) -> None:
        rng, shop = self._rng, self._shop
        for views in self._bots.get(hour.start_ms, ()):
            self._add(shop.bot(len(self._bots), views, hour.start_ms + rng.randrange(HOUR_MS)))
        if rng.random() < SHARE_OF_HOUSEKEEPING:
            self._add(shop.housekeeping(hour.start_ms + rng.randrange(HOUR_MS)))
        while self._made < hour.events_until_end:
            if hour.burst_ms is not None and rng.random() < SHARE_IN_BURST:
                self._add(shop.visit(hour.burst_ms + rng.randrange(60_000), "email"))
            else:
                self._add(shop.visit(hour.start_ms + int(rng.random() * HOUR_MS)))

    def _add(self, events: Iterator[Event] | list[Event]) -> None:
        """Schedule the records of events, until the plan has its number of events."""
        has_no_trouble, deliver = self._troublemaker.has_no_trouble, self._troublemaker.deliver
        for event in islice(events, self.plan.events - self._made):
            self._made += 1
            if has_no_trouble():
                self._schedule(event.time_ms + LATENCY_MS, event, None)
                continue
            for received_ms, sent_event, form in deliver(event):
                self._schedule(received_ms, sent_event, form)

    def _schedule(self, received_ms: int, event: Event, form: Form | None) -> None:
        self._numbered += 1
        self._due[(received_ms - self._start_ms) // HOUR_MS].append((received_ms, self._numbered, event, form))

    def _plan_bots(self, rng: Random) -> dict[int, list[int]]:
        """Start of an hour -> the views of each bot in it."""
        if Trouble.BOTS not in self.plan.trouble:
            return {}
        views = int(self.plan.events * SHARE_OF_BOTS)
        sizes = [min(VIEWS_OF_A_BOT, views - done) for done in range(0, views, VIEWS_OF_A_BOT)]
        planned: dict[int, list[int]] = {}
        for size in sizes:
            planned.setdefault(rng.choice(self._hours).start_ms, []).append(size)
        return planned
