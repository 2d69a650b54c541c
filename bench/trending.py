"""What an event costs ``trending`` and the ranking of its lists, in a large shop with a long history.

    python -m bench.trending [--products 1000000] [--days 30] [--events-a-day 20000] [--periods 2] [--json FILE]
    python -m bench.trending --ranking-alone [--products 1000000]

brings up Kafka, the registry and Flink in a temporary directory, publishes the products, and starts the job
``trending`` and ``sinks/lists``. Then it writes periods of so many days of events, one behind the other, as fast as
Kafka takes them. After each it waits until all is read and ranked, and prints CPU and memory by part. The cost of an
event is that of the last period, by the difference to what was used before it: starts and compilers are in the first
one, and history has grown meanwhile. Products are chosen by Zipf's law; they have 2,000 categories of three levels.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
from confluent_kafka import Producer

from bench.pipeline.machine import Machine, log_and_flink
from connections.registry import SchemaRegistry
from flink.code import job_program
from flink.submission import submit_program
from local.parts.sink import Sink
from operations.lag import ends_with_open, wait_until_read
from schemas.codec import Encoder, load_schema, schema_text
from schemas.results import PRODUCT_DEMAND, PRODUCTS, TRENDING
from schemas.settings import Settings
from schemas.topics import EVENTS, consumer_group
from sinks.lists.demand import HOURS_OF_A_DAY, LONGEST_DAYS, TREND_HOURS
from sinks.lists.description import RANKED_LISTS
from sinks.lists.ranking import Ranking

T0_MS: Final = 1_767_225_600_000
"""2026-01-01."""
NOW: Final = T0_MS // 3_600_000
"""The hour of it."""
DAY_MS: Final = 24 * 60 * 60 * 1000
USERS: Final = 200_000
ZIPF: Final = 1.1
PARTS: Final = ("taskmanager", RANKED_LISTS.part, "kafka", "jobmanager")
COUNTED: Final = ("taskmanager", RANKED_LISTS.part)
"""The parts that do the work; Kafka and the JobManager are reported beside them."""
SETTLE_SECONDS: Final = 3_600.0
CENT: Final = Decimal("0.0100")

KINDS: Final = {
    "view_item": 0.60,
    "select_item": 0.08,
    "add_to_cart": 0.08,
    "remove_from_cart": 0.02,
    "add_to_wishlist": 0.03,
    "purchase": 0.04,
    "refund": 0.004,
    "page_view": 0.146,
}


@dataclass(frozen=True, slots=True)
class Usage:
    """What the parts have used when a period was read and ranked.

    Attributes:
        events: Events so far.
        seconds: Since the first was written.
        cpu: Seconds of CPU by part.
        memory: Resident bytes by part.
    """

    events: int
    seconds: float
    cpu: Mapping[str, float]
    memory: Mapping[str, int]


class Shop:
    """Writes products and events as the jobs before ``trending`` would.

    Args:
        settings: Where Kafka and the registry are.
        n_products: How many products.
    """

    def __init__(self, settings: Settings, n_products: int) -> None:
        self._rng = np.random.default_rng(11)
        self._n_products = n_products
        self._producer = Producer(
            {
                "bootstrap.servers": settings.kafka_bootstrap_servers,
                "compression.type": "lz4",
                "linger.ms": 50,
                "queue.buffering.max.messages": 200_000,
            }
        )
        self._registry = SchemaRegistry.of(settings)

    def publish_products(self) -> None:
        """Every product, in one of 20 x 10 x 10 categories."""
        encoder = self._encoder(PRODUCTS.topic, PRODUCTS.name)
        key = {"type": "record", "name": "record", "fields": [{"name": "product_id", "type": "string"}]}
        keys = Encoder(key, self._registry.register(f"{PRODUCTS.topic}-key", json.dumps(key)))
        rows = (
            {
                "product_id": f"p{n:07}",
                "category": category_of(n),
                "available": n % 50 != 0,
                "first_seen": T0_MS - n * 1000,
            }
            for n in range(self._n_products)
        )
        self._send(PRODUCTS.topic, ((keys.encode({"product_id": r["product_id"]}), encoder.encode(r)) for r in rows))

    def publish_events(self, first: int, count: int, spacing_ms: float) -> None:
        """Events of a period, in the order of their times."""
        encoder = self._encoder(EVENTS, "shop_event")
        self._send(EVENTS, ((r["user_id"].encode(), encoder.encode(r)) for r in self._events(first, count, spacing_ms)))

    def _events(self, first: int, count: int, spacing_ms: float) -> Iterator[dict[str, Any]]:
        kinds = self._rng.choice(list(KINDS), count, p=list(KINDS.values())).tolist()
        users = self._rng.integers(0, USERS, count).tolist()
        products = (self._rng.zipf(ZIPF, count) * 7919 % self._n_products).tolist()
        for n, (kind, user, product) in enumerate(zip(kinds, users, products, strict=True), first):
            row: dict[str, Any] = {
                "event_id": f"e{n}",
                "event_type": kind,
                "event_time": T0_MS + int(n * spacing_ms),
                "user_id": f"u{user}",
                "source": "bench",
                "items": [],
            }
            if kind in ("purchase", "refund"):
                line = {"product_id": f"p{product:07}", "quantity": 1, "price": CENT, "category": None}
                row |= {"order_id": f"o{n}", "currency": "EUR", "value": CENT, "items": [line]}
            elif kind != "page_view":
                row["product_id"] = f"p{product:07}"
            yield row

    def _encoder(self, topic: str, schema: str) -> Encoder:
        return Encoder(load_schema(schema), self._registry.register(f"{topic}-value", schema_text(schema)))

    def _send(self, topic: str, records: Iterable[tuple[bytes, bytes]]) -> None:
        for key, value in records:
            while True:
                try:
                    self._producer.produce(topic, value, key)
                    break
                except BufferError:
                    self._producer.poll(0.5)
            self._producer.poll(0)
        if left := self._producer.flush(120):
            sys.exit(f"Kafka did not take {left} records.")


def category_of(number: int) -> str:
    """The category of a product: one of 20 x 10 x 10."""
    return f"C{number % 20} > D{number // 20 % 10} > E{number // 200 % 10}"


def measure(parts: Machine, args: argparse.Namespace) -> Iterator[Usage]:
    """What was used after each period; the first of all is that of the products alone."""
    shop = Shop(parts.settings, args.products)
    shop.publish_products()
    parts.start(Sink(parts.settings, RANKED_LISTS))
    wait(parts.settings, RANKED_LISTS.group, PRODUCTS.topic)
    log = parts.data.log(f"submit-{TRENDING}")
    submit_program(TRENDING, job_program(TRENDING), parts.settings, parts.flink, log)
    began, count = time.monotonic(), args.days * args.events_a_day
    yield usage(parts, 0, began)
    for period in range(args.periods):
        shop.publish_events(period * count, count, DAY_MS / args.events_a_day)
        wait(parts.settings, consumer_group(TRENDING), EVENTS)
        wait(parts.settings, RANKED_LISTS.group, PRODUCT_DEMAND.topic)
        yield usage(parts, (period + 1) * count, began)


def wait(settings: Settings, group: str, topic: str) -> None:
    """Wait until a group has read all that a topic holds now."""
    wait_until_read(settings, group, ends_with_open(settings, (topic,)), SETTLE_SECONDS)


def usage(parts: Machine, events: int, began: float) -> Usage:
    """What the parts have used by now."""
    memory = {name: sum(each.memory_info().rss for each in parts.processes_of((name,))) for name in PARTS}
    cpu = {name: parts.cpu_seconds((name,)) for name in PARTS}
    return Usage(events, time.monotonic() - began, cpu, memory)


def ranking_alone(n_products: int) -> None:
    """CPU of a ranking, without servers: of everything, of some new rows, and of the next hour."""
    rng, ranking = np.random.default_rng(11), Ranking()
    for n in range(n_products):
        ranking.catalogue.put(f"p{n:07}", n % 50 != 0, category_of(n), T0_MS // 1000 - n)
    ranking.demand.advance(NOW)
    for longest_hours in (*[TREND_HOURS] * 10, *[LONGEST_DAYS * HOURS_OF_A_DAY] * 10):
        ranking.demand.put(rows_of_demand(rng, n_products, 2 * n_products // 10, longest_hours))
    rank("everything", ranking)
    rank("nothing new", ranking)
    for count in (100, 1_000, 10_000):
        ranking.demand.put(rows_of_demand(rng, n_products, count, 1))
        rank(f"{count:,} new rows", ranking)
    ranking.demand.advance(NOW + 1)
    rank("the next hour", ranking)
    print(f"{len(ranking.demand):,} rows, {psutil.Process().memory_info().rss / 2**20:,.0f} MB")


def rows_of_demand(
    rng: np.random.Generator, n_products: int, count: int, longest_hours: int
) -> dict[tuple[int, int], tuple[int, int]]:
    """Rows of products by Zipf's law, within the last hours; one in twenty has an order."""
    products = (rng.zipf(ZIPF, count) * 7919 % n_products).tolist()
    hours = (NOW - rng.integers(0, longest_hours, count)).tolist()
    orders = (rng.random(count) < 1 / 20).astype(int).tolist()
    return {(p, h): (1 + 10 * o, o) for p, h, o in zip(products, hours, orders, strict=True)}


def rank(what: str, ranking: Ranking) -> None:
    """Rank, and print what that took."""
    began = time.process_time()
    lists = [len(each.product_ids) for each in ranking.changed_lists()]
    seconds = time.process_time() - began
    print(f"{what:<16} {seconds:6.3f} s of CPU, {len(lists):>7,} lists, {sum(lists):>9,} products in them")


def report(lines: list[Usage]) -> None:
    """A table of all periods, and the cost of an event of the last."""
    for line in lines:
        cells = [f"{name} {line.cpu[name]:7.1f} s {line.memory[name] / 2**20:6.0f} MB" for name in PARTS]
        print(f"{line.events:>9,} events  {line.seconds:6.0f} s  " + "  ".join(cells))
    before, last = lines[-2:]
    events = last.events - before.events
    cost = {name: 1e6 * (last.cpu[name] - before.cpu[name]) / events for name in PARTS}
    counted = sum(cost[name] for name in COUNTED)
    print(", ".join(f"{name} {microseconds:.1f} us" for name, microseconds in cost.items()) + " an event")
    print(f"{1e6 / counted:,.0f} events/s/core by {' and '.join(COUNTED)}")


def main() -> int:
    """Print what an event costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--events-a-day", type=int, default=20_000)
    parser.add_argument("--periods", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--ranking-alone", action="store_true", help="measure ranking in this process, without servers")
    args = parser.parse_args()
    if args.ranking_alone:
        ranking_alone(args.products)
        return 0
    with tempfile.TemporaryDirectory(prefix="shop-trending-") as folder, log_and_flink(Path(folder)) as parts:
        lines: list[Usage] = []
        for line in measure(parts, args):
            lines.append(line)
            print(f"{line.events:,} events after {line.seconds:.0f} s", file=sys.stderr)
    report(lines)
    if args.json:
        args.json.write_text(json.dumps([asdict(line) for line in lines]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
