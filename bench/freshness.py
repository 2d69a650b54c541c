"""How long after a click the user's own list has changed, and after a change of stock what may be recommended.

    SHOP_PORT_BASE=19000 python -m bench.freshness [--rate 1000] [--seconds 60] [--users 2000] [--json]

on a running platform with the jobs ``ingest``, ``catalogue`` and ``personalise``. Simulated users view products at a
steady rate. For one user in fifty the list is read every few milliseconds after a view, until its ``history_until``
has reached the view; that is the delay: publish, ingest, rank, write, seen by a reader of Redis. It begins when the
view is handed to the publisher. Where no model is live, one is made for the run, of two thousand products, by the code
that the training job runs, and taken away afterwards; where one is live, its products are viewed.

Meanwhile a product a second is sold out or, if it was, restocked; that is seen when the set of unavailable products has
changed, of which the service's copy is a quarter of a second old at the most.

Most of the delay is ingest's: what it accepts is seen when the transaction is committed, which is at a checkpoint
(``SHOP_CHECKPOINT_INTERVAL_MS``, of the time when ingest was submitted).
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import orjson
from redis import Redis

from connections.redis import connect
from producers.publisher import Publisher
from recommender.catalogue import Catalogue
from recommender.interactions import KnownUsers, UserHistories, in_order
from recommender.models.base import Training
from recommender.models.item_knn import ItemKnn
from recommender.neighbours import NONE, Neighbours
from recommender.store import Manifest, ModelStore, ServedModel
from schemas.redis_keys import LIVE_MODELS, UNAVAILABLE, personalized
from schemas.settings import Settings

WATCHED: Final = 50
"""One user in so many is watched."""

POLL_SECONDS: Final = 0.005
LOST_SECONDS: Final = 30.0
WARM_UP_SECONDS: Final = 10.0
PRODUCTS: Final = 2000
TRAINING_USERS: Final = 5000
TRAINING_EVENTS: Final = 20


@dataclass
class Awaited:
    """Effects that are waited for, and how long others took.

    Attributes:
        waiting: By whose effect it is, what is awaited, and when its cause was published (monotonic seconds).
        delays: Of the effects that were seen, in seconds.
        lost: How many were given up.
    """

    waiting: dict[str, tuple[int, float]] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)
    lost: int = 0

    def begin(self, whose: str, what: int) -> None:
        """Wait for an effect; one at a time of each."""
        self.waiting[whose] = what, time.monotonic()

    def settle(self, has_come: Iterable[bool]) -> None:
        """Note what has come, in the order of ``waiting``, and give up what was waited for too long."""
        now = time.monotonic()
        for (whose, (_, published)), is_there in zip(list(self.waiting.items()), has_come, strict=True):
            if is_there:
                self.delays.append(now - published)
                del self.waiting[whose]
            elif now - published > LOST_SECONDS:
                self.lost += 1
                del self.waiting[whose]


@dataclass
class Stock:
    """Changes of stock.

    Attributes:
        changes: By product, whether it is to be unavailable.
        sold_out: The products that were made unavailable.
    """

    redis: Redis
    changes: Awaited = field(default_factory=Awaited)
    sold_out: set[str] = field(default_factory=set)

    def turn(self, publisher: Publisher, product: str) -> None:
        """Sell a product out, or restock it."""
        is_sold_out = product not in self.sold_out
        self.sold_out ^= {product}
        event = {"event_type": "stock_changed", "product_id": product, "source": "bench", "user_id": ""}
        levels = {"stock": 0, "quantity": -1} if is_sold_out else {"stock": 5, "quantity": 5}
        about = {"event_id": uuid.uuid4().hex, "event_time": time.time_ns() // 1_000_000}
        self.changes.begin(product, is_sold_out)
        publisher.publish({**event, **levels, **about})

    def look(self) -> None:
        """Ask which products are unavailable now."""
        if waiting := self.changes.waiting:
            answers: Any = self.redis.smismember(UNAVAILABLE, list(waiting))
            expected = (is_sold_out for is_sold_out, _ in waiting.values())
            self.changes.settle([answer == value for answer, value in zip(answers, expected, strict=True)])


@dataclass
class Watch:
    """Views.

    Attributes:
        views: By user, the time of the view (epoch milliseconds) that the list must have reached.
        rate: Events per second, as they were published.
        looked: When Redis was last asked (monotonic seconds).
    """

    redis: Redis
    version: str
    stock: Stock
    views: Awaited = field(default_factory=Awaited)
    rate: float = 0.0
    looked: float = 0.0

    def look_if_due(self) -> None:
        """Look, unless that was a moment ago."""
        if self.is_waiting() and time.monotonic() - self.looked >= POLL_SECONDS:
            self.look()
            self.stock.look()
            self.looked = time.monotonic()

    def is_waiting(self) -> bool:
        """Whether anything is waited for."""
        return bool(self.views.waiting or self.stock.changes.waiting)

    def look(self) -> None:
        """Ask for the lists of all users that are waited for, at once."""
        if waiting := self.views.waiting:
            answers: Any = self.redis.mget([personalized(self.version, user) for user in waiting])
            viewed = (event_time_ms for event_time_ms, _ in waiting.values())
            self.views.settle(
                [
                    value is not None and history_until_ms(value) >= time_ms
                    for value, time_ms in zip(answers, viewed, strict=True)
                ]
            )


def history_until_ms(value: bytes) -> int:
    """``history_until`` of an encoded list, epoch milliseconds."""
    head = orjson.loads(value[: value.index(b"\n")] + b"]}")
    return round(datetime.fromisoformat(head["history_until"]).timestamp() * 1000)


@contextmanager
def live_model(settings: Settings, redis: Redis) -> Iterator[ServedModel]:
    """The model that is live, or one made for the run."""
    store = ModelStore(settings.model_store_url)
    live: Any = redis.smembers(LIVE_MODELS)
    if live:
        yield store.load(sorted(live)[-1].decode())
        return
    made = made_model(f"bench-{uuid.uuid4().hex[:8]}")
    store.write(made)
    redis.sadd(LIVE_MODELS, made.version)
    try:
        yield made
    finally:
        redis.srem(LIVE_MODELS, made.version)


def made_model(version: str) -> ServedModel:
    """An item-kNN of random users with tastes."""
    rng = np.random.default_rng(1)
    owners = np.repeat(np.arange(TRAINING_USERS), TRAINING_EVENTS)
    tastes = rng.integers(0, PRODUCTS, TRAINING_USERS)[owners]
    items = (tastes + rng.geometric(0.05, len(owners))) % PRODUCTS
    now = datetime.now(UTC)
    times = now.timestamp() - rng.random(len(owners)) * 86_400
    histories = in_order(TRAINING_USERS, owners, items.astype(np.int32), np.zeros(len(owners), np.int8), times)
    model = ItemKnn().fit(Training(histories.histories, PRODUCTS))
    none = Neighbours(np.full((PRODUCTS, 1), NONE, np.int32), np.zeros((PRODUCTS, 1), np.float32))
    texts = {name: [""] * PRODUCTS for name in ("title", "category", "brand", "description", "price")}
    manifest = Manifest(version, model.name, dict(model.parameters), "bench", now, now, now, {}, {}, {})
    nobody = KnownUsers([], UserHistories(histories.histories.slice(0, 0), histories.kinds[:0]))
    return ServedModel(manifest, model, Catalogue([f"p{n}" for n in range(PRODUCTS)], texts), none, none, nobody)


def measure(settings: Settings, served: ServedModel, redis: Redis, args: argparse.Namespace) -> Watch:
    """Publish views at the rate, and watch some of them."""
    rng, watch = random.Random(2), Watch(redis, served.version, Stock(redis))
    run, total = uuid.uuid4().hex[:8], int(args.rate * args.seconds)
    began = time.monotonic()
    with Publisher(settings) as publisher:
        for number in range(total):
            due = began + number / args.rate
            while (left := due - time.monotonic()) > 0:
                watch.look_if_due()
                time.sleep(min(left, POLL_SECONDS))
            watch.look_if_due()
            user = f"{run}-{rng.randrange(args.users)}"
            event_time_ms = time.time_ns() // 1_000_000
            is_warm = due - began >= WARM_UP_SECONDS
            if is_warm and number % WATCHED == 0 and user not in watch.views.waiting:
                watch.views.begin(user, event_time_ms)
            publisher.publish(
                {
                    "event_id": f"{run}-{number}",
                    "event_type": "view_item",
                    "event_time": event_time_ms,
                    "user_id": user,
                    "source": "bench",
                    "product_id": rng.choice(served.item_ids),
                }
            )
            product = rng.choice(served.item_ids)
            if is_warm and number % int(args.rate) == 0 and product not in watch.stock.changes.waiting:
                watch.stock.turn(publisher, product)
        watch.rate = total / (time.monotonic() - began)
        wait_for_all(watch)
        for product in sorted(watch.stock.sold_out):
            watch.stock.turn(publisher, product)
        wait_for_all(watch)
    return watch


def wait_for_all(watch: Watch) -> None:
    while watch.is_waiting():
        watch.look_if_due()
        time.sleep(POLL_SECONDS)


def summary(name: str, awaited: Awaited) -> dict[str, float]:
    """How many delays there are, and their quantiles in seconds."""
    delays = awaited.delays
    if len(delays) < 2:
        message = f"Of {awaited.lost} {name} that were watched none came about in time. See './shop status'."
        raise SystemExit(message)
    cuts = statistics.quantiles(delays, n=100, method="inclusive")
    return {
        f"{name}_watched": len(delays),
        f"{name}_lost": awaited.lost,
        f"{name}_p50_seconds": round(cuts[49], 3),
        f"{name}_p99_seconds": round(cuts[98], 3),
        f"{name}_max_seconds": round(max(delays), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="From a click to the user's own list.")
    parser.add_argument("--rate", type=float, default=1000, help="events per second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    settings = Settings()
    with (
        closing(connect(settings.redis_url, settings.http_timeout_seconds)) as redis,
        live_model(settings, redis) as it,
    ):
        watch = measure(settings, it, redis, args)
    figures = {
        "events_per_second": round(watch.rate, 1),
        **summary("lists", watch.views),
        **summary("stock", watch.stock.changes),
    }
    if args.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:<18} {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
