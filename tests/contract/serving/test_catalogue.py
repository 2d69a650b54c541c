"""Filters find what the catalogue has, whatever else sells better: products as the sink writes them, over real HTTP."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas import redis_keys
from schemas.categories import lies_in
from schemas.recommendations import Reason, Source
from schemas.settings import Settings
from sinks.redis.changes import Changes, change_product
from sinks.redis.store import RedisStore
from tests.support.serving import RedisProcess, Service, Shelf, eventually, ids, service_of

PARTITION = "products-0"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
CATEGORIES = (
    "",
    "Home",
    "Home > Kitchen",
    "Home > Kitchen > Tea",
    "Home > Kitchen > Tea > Green",
    "Home > Kitchenette",
    "Garden > Tools",
    "Garden > Tools > Spades",
)
ASKED = ("", "Home", "Home > Kitchen", "Home > Kitchen > Tea", "Garden", "Garden > Tools > Spades", "Kitchen", "Hom")
RULES = """
[scenarios.blocked]
rules = "blocked"
[rules.blocked]
blocked_brands = ["B0", "B1"]
blocked_categories = ["Home > Kitchen > Tea"]
blocked_items = ["i7", "i8"]
[scenarios.boosted]
rules = "boosted"
[rules.boosted]
boosts = [{ category = "Garden", factor = 5.0 }]
max_per_category = 2
pins = [{ item_id = "i3", position = 2 }]
"""


@dataclass
class Shop:
    """A shop's products as their topic has them.

    Attributes:
        store: The sink's.
        rows: The newest record of each product.
    """

    store: RedisStore
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def carry(self, *changed: dict[str, Any]) -> None:
        """Write records as the sink does, one batch of them."""
        changes = Changes()
        for row in changed:
            change_product(changes, {"product_id": row["product_id"]}, None if row.get("is_gone") else row, BEGAN)
        first = self.store.positions().get(PARTITION)
        assert self.store.apply(PARTITION, first, (first or 0) + len(changed), changes)
        self.rows |= {row["product_id"]: row for row in changed}

    def sold(self) -> list[dict[str, Any]]:
        """Products that may be recommended, the newest first."""
        sold = [row for row in self.rows.values() if row["available"] and not row.get("is_gone")]
        return sorted(sold, key=lambda row: (-row["first_seen"].timestamp(), row["product_id"]))


def row(item: str, category: str | None, age_days: int = 0, **more: Any) -> dict[str, Any]:
    known = {"product_id": item, "title": item, "category": category, "brand": None, "price": None, "currency": None}
    return {**known, "available": True, "first_seen": BEGAN - timedelta(days=age_days), **more}


@pytest.fixture
def shop(redis_process: RedisProcess, shelf: Shelf) -> Iterator[Shop]:
    shelf.empty()
    with closing(RedisStore(Settings(redis_url=redis_process.url))) as store:
        yield Shop(store)


@pytest.fixture
def start(redis_process: RedisProcess, tmp_path: Path) -> Iterator[Callable[[], Service]]:
    """A service that knows everything that is in Redis."""
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES)
    with ExitStack() as running:
        yield lambda: running.enter_context(
            service_of(redis_process.url, serving_rules_file=str(rules), serving_redis_budget_ms=5_000).running()
        )


def members(shelf: Shelf, category: str) -> list[str]:
    members: Any = shelf.redis.zrange(redis_keys.catalogue(category), 0, -1)
    return [member.decode() for member in members]


def test_a_product_leaves_its_former_categories_and_returns_to_its_place(shop: Shop, shelf: Shelf) -> None:
    shop.carry(row("a", "Home > Kitchen", 2), row("b", "Home", 1), row("c", None, 3), row("d", "Home", 1))
    assert members(shelf, "") == ["b", "d", "a", "c"]
    assert (members(shelf, "Home"), members(shelf, "Home > Kitchen")) == (["b", "d", "a"], ["a"])
    shop.carry(row("a", "Garden", 2), row("b", "Home", 1, available=False), row("d", "Home", is_gone=True))
    assert members(shelf, "") == ["a", "c"]
    assert (members(shelf, "Home"), members(shelf, "Home > Kitchen"), members(shelf, "Garden")) == ([], [], ["a"])
    shop.carry(row("b", "Home > Kitchen", 1))
    assert members(shelf, "") == ["b", "a", "c"]
    assert members(shelf, "Home > Kitchen") == ["b"]


@pytest.mark.parametrize("seed", range(5))
def test_the_catalogue_follows_from_the_newest_records_however_often_they_are_carried(
    shop: Shop, shelf: Shelf, seed: int
) -> None:
    rng = random.Random(seed)
    records = [
        row(f"i{rng.randrange(30)}", rng.choice(CATEGORIES), rng.randrange(9), available=rng.random() < 0.8)
        | ({"is_gone": True} if rng.random() < 0.1 else {})
        for _ in range(150)
    ]
    for _ in range(2):  # the second time as after an emptied offset: over what is there
        shelf.redis.delete(redis_keys.SINK_OFFSETS)
        first = 0
        while first < len(records):
            size = rng.choice([1, 3, 40])
            shop.carry(*records[first : first + size])
            first += size
        for category in ("", *CATEGORIES[1:], "Garden"):
            expected = [row["product_id"] for row in shop.sold() if not category or lies_in(row["category"], category)]
            assert members(shelf, category) == expected


def test_an_older_writer_moves_nothing(shop: Shop, shelf: Shelf) -> None:
    shop.carry(row("a", "Home"))
    changes = Changes()
    change_product(changes, {"product_id": "a"}, row("a", "Garden"), BEGAN)
    assert not shop.store.apply(PARTITION, None, 9, changes)
    assert (members(shelf, "Home"), members(shelf, "Garden")) == (["a"], [])


def test_a_category_that_does_not_sell_is_found(shop: Shop, shelf: Shelf, start: Callable[[], Service]) -> None:
    best = [f"best{n}" for n in range(120)]
    rare = [f"rare{n}" for n in range(7)]
    shop.carry(*(row(item, "Garden > Tools") for item in best), *(row(item, "Home > Kitchen", 900) for item in rare))
    sell(shelf, best[:100])
    service = start()
    for path in ("recommend/nobody", "popular", "trending", "newest", "items/best1/similar"):
        for category in ("Home", "Home > Kitchen"):
            answer = service.get(f"/v1/{path}", category=category, n=5)
            assert (ids(answer), answer["source"]) == (rare[:5], "catalogue")
            assert {item["reason"] for item in answer["items"]} == {"catalogue"}
    answer = service.recommend("nobody", n=100, offset=60, explain=True)
    assert sorted(ids(answer)) == sorted([*best[60:], *rare])
    assert answer["filled_from"] == ["catalogue"]
    assert answer["items"][-1]["words"] == "Also in the shop"


def test_the_catalogue_is_read_only_where_lists_do_not_suffice(
    shop: Shop, shelf: Shelf, start: Callable[[], Service]
) -> None:
    items = [f"i{n}" for n in range(300)]
    shop.carry(*(row(item, "Home") for item in items))
    sell(shelf, items[:100])
    service = start()

    def reads() -> int:
        statistics: Any = shelf.redis.info("commandstats")
        return int(statistics.get("cmdstat_zrange", {"calls": 0})["calls"])

    before = reads()
    service.recommend("nobody", n=100)
    service.get("/v1/popular", n=50, category="Home")
    service.recommend("nobody", n=20, scenario="blocked")
    assert reads() == before
    service.recommend("nobody", n=100, offset=1)
    assert reads() == before + 1


def test_without_redis_the_catalogue_is_as_it_was_read_last(
    tmp_path: Path,
) -> None:
    process = RedisProcess(tmp_path)
    process.start()
    try:
        with closing(RedisStore(Settings(redis_url=process.url))) as store:
            shop = Shop(store)
            shop.carry(*(row(f"i{n}", "Home > Kitchen", n) for n in range(130)))
        with service_of(process.url).running() as service:
            whole = ids(service.get("/v1/popular", n=100, offset=20, category="Home"))
            process.kill()
            eventually(lambda: service.metric("redis_is_there") == 0)
            answer = service.get("/v1/popular", n=100, offset=20, category="Home")
            assert (answer["source"], ids(answer)) == ("memory", whole)
    finally:
        process.close()


def sell(shelf: Shelf, best: Sequence[str]) -> None:
    """Fill the lists of the whole shop, which hold a hundred products."""
    shelf.trending(best[:100])
    shelf.popular(best[:100])
    shelf.newest(best[:100])


def fill(shop: Shop, shelf: Shelf, rng: random.Random, products: int) -> None:
    """A shop in which few products sell."""
    items = [f"i{n}" for n in range(products)]
    shop.carry(
        *(
            row(
                item,
                rng.choices(CATEGORIES, weights=(1, 1, 1, 9, 2, 1, 30, 1))[0],
                rng.randrange(400),
                brand=f"B{rng.randrange(4)}",
                available=rng.random() < 0.9,
            )
            for item in items
        )
    )
    best = [row["product_id"] for row in shop.sold()]
    rng.shuffle(best)
    sell(shelf, best)
    for category in CATEGORIES[1:]:
        of_category = [item for item in best if shop.rows[item]["category"] == category]
        shelf.category_popular(category, of_category[: rng.choice([0, 3, 100])])
    shelf.put(redis_keys.popular("1d"), Source.POPULAR, best[5:9], Reason.POPULAR)
    shelf.activate("m1")
    shelf.personal("pat", best[:20])
    shelf.history("pat", *(("view_item", item, 1_000 + n) for n, item in enumerate(best[:4])))
    shelf.history("pat", *(("add_to_cart", item, 2_000 + n) for n, item in enumerate(best[4:6])))
    for item in best[:4]:
        shelf.similar(item, best[10:40])


@dataclass(frozen=True)
class Question:
    """A request without its page, and the products that it leaves out."""

    path: str
    options: dict[str, Any]
    category: str
    left_out: frozenset[str]
    scenario: str = ""

    def page(self, service: Service, n: int, offset: int) -> list[str]:
        asked = {**self.options, "category": self.category, "n": n, "offset": offset}
        if self.path in ("recommend", "session/recommend"):
            return ids(service.post(f"/v1/{self.path}", {**asked, "scenario": self.scenario}))
        return ids(service.get(f"/v1/{self.path}", **asked))

    def matches(self, row: dict[str, Any]) -> bool:
        is_blocked = self.scenario == "blocked" and (
            row["brand"] in ("B0", "B1")
            or row["product_id"] in ("i7", "i8")
            or lies_in(row["category"], "Home > Kitchen > Tea")
        )
        of_category = not self.category or lies_in(row["category"], self.category)
        return of_category and row["product_id"] not in self.left_out and not is_blocked


def question(shop: Shop, shelf: Shelf, rng: random.Random) -> Question:
    category, scenario = rng.choice(ASKED), rng.choice(["", "", "blocked", "boosted"])
    excluded = rng.sample(list(shop.rows), min(len(shop.rows), rng.choice([0, 2, 200])))
    listed = shelf.redis.zrange(redis_keys.history("pat"), 0, -1)
    in_cart = [member.decode().partition(":")[2] for member in listed if member.startswith(b"add_to_cart")]  # type: ignore[union-attr]
    options: dict[str, Any]
    match rng.randrange(4):
        case 0:
            options = {"user_id": "pat", "exclude": excluded}
            return Question("recommend", options, category, frozenset([*excluded, *in_cart]), scenario)
        case 1:
            seen: Any = [{"item_id": item, "event_type": "add_to_cart"} for item in excluded[:2]]
            options = {"items": seen, "exclude": excluded[2:]}
            return Question("session/recommend", options, category, frozenset(excluded), scenario)
        case 2:
            item = rng.choice(list(shop.rows))
            return Question(f"items/{item}/similar", {}, category, frozenset([item]))
        case _:
            path = rng.choice(["popular", "trending", "newest"])
            options = {"window": rng.choice(["", "1d", "7d", "30d"])} if path == "popular" else {}
            return Question(path, options, category, frozenset())


@pytest.mark.parametrize("products", [12, 400, 900, 1_500])
def test_an_answer_is_as_long_as_the_shop_has_products_that_match(
    shop: Shop, shelf: Shelf, start: Callable[[], Service], products: int
) -> None:
    rng = random.Random(products)
    fill(shop, shelf, rng, products)
    service = start()
    time.sleep(0.5)  # what is unavailable is known
    for _ in range(25):
        asked = question(shop, shelf, rng)
        matching = {row["product_id"] for row in shop.sold() if asked.matches(row)}
        whole = [item for offset in range(0, 501, 100) for item in asked.page(service, 100, offset)]
        assert set(whole) <= matching, asked
        assert len(whole) == len(set(whole)) == min(600, len(matching)), asked
        for _ in range(4):
            n, offset = rng.randint(1, 100), rng.choice([0, 0, rng.randint(0, 500)])
            assert asked.page(service, n, offset) == whole[offset : offset + n], (asked, n, offset)
