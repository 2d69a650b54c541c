"""Pages of one question, in whatever size they are asked, form one order without repetition or omission."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from schemas import redis_keys
from schemas.categories import lies_in
from schemas.recommendations import FIRST_ITEMS, Product, Reason, Source, decode_product
from tests.contract.serving.conftest import CATALOGUE, Make
from tests.support.serving import Service, Shelf, ids

PRODUCTS = [f"q{n}" for n in range(260)]
STOCK = [*CATALOGUE, *PRODUCTS]
RULES = """
[rules.boosts]
boosts = [{ category = "Tea", factor = 3.0 }, { brand = "B2", factor = 0.4 }]
[rules.cap]
max_per_category = 2
[rules.diversity]
diversity = 0.6
[rules.blocked]
blocked_brands = ["B1"]
blocked_items = ["q3", "q150"]
[rules.pins]
pins = [{ item_id = "q259", position = 4 }, { item_id = "q2", position = 9 }, { item_id = "q9", position = 70 }]
[rules.all]
boosts = [{ category = "Tea", factor = 3.0 }]
max_per_category = 4
diversity = 0.3
blocked_brands = ["B1"]
pins = [{ item_id = "q258", position = 2 }]
"""
NAMES = ("boosts", "cap", "diversity", "blocked", "pins", "all")


@pytest.fixture(scope="module")
def paged(make: Make, stocked: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Service:
    rng = random.Random(13)
    for n, item in enumerate(PRODUCTS):
        category = rng.choice(["Tea", "Tea > Green", "Cups", "Cups > Small", "Spoons", ""])
        stocked.product(item, title=item, category=category, brand=f"B{n % 4}")
    for key, source, reason in (
        (redis_keys.TRENDING, Source.TRENDING, Reason.TRENDING),
        (redis_keys.POPULAR, Source.POPULAR, Reason.POPULAR),
        (redis_keys.NEWEST, Source.NEWEST, Reason.NEW),
        (redis_keys.category_popular("Tea"), Source.CATEGORY_POPULAR, Reason.POPULAR),
    ):
        stocked.put(key, source, rng.sample(PRODUCTS, 100), reason)
    stocked.personal("pat", rng.sample(PRODUCTS, 20))
    for item in PRODUCTS[:5]:
        stocked.similar(item, rng.sample(PRODUCTS[5:], 30))
    stocked.history("pat", *(("view_item", item, 1_000 + n) for n, item in enumerate(PRODUCTS[:5])))
    rules = tmp_path_factory.mktemp("rules") / "rules.toml"
    rules.write_text(RULES + "".join(f'[scenarios.{name}]\nrules = "{name}"\n' for name in NAMES))
    return make(serving_rules_file=str(rules), serving_redis_budget_ms=5_000)  # memory has another order


every_scenario = pytest.mark.parametrize("scenario", ["", *NAMES, "boosts of the request"])


def shown(page: Callable[[int, int], list[str]], rng: random.Random) -> list[str]:
    """All that a question shows, in pages of a hundred; pages of other sizes are found to form the same order.

    Args:
        page: The products from an offset on, and so many of them.
        rng: Chooses the sizes.
    """
    whole = [item for offset in range(0, 501, 100) for item in page(offset, 100)]
    assert len(whole) == len(set(whole)) > 50
    sizes = [rng.choice([1, 2, 7, 30, 99]) for _ in range(8)]
    firsts = [sum(sizes[:index]) for index in range(len(sizes))]
    pages = [item for first, size in zip(firsts, sizes, strict=True) if first <= 500 for item in page(first, size)]
    assert pages == whole[: len(pages)]
    assert len(pages) == min(len(whole), sum(sizes))
    return whole


def posted(service: Service, scenario: str, **filters: str) -> Iterator[Callable[[int, int], list[str]]]:
    """The pages of a known user, and those of a visit."""
    boosts = [{"factor": 5, "brand": "B3"}] if scenario.startswith("boosts of") else []
    options = {"scenario": scenario, "boosts": boosts, **filters}
    seen = [{"item_id": item} for item in PRODUCTS[:3]]
    for path, asked in (("recommend", {"user_id": "pat"}), ("session/recommend", {"items": seen})):

        def page(offset: int, n: int, path: str = path, asked: dict[str, Any] = asked) -> list[str]:
            return ids(service.post(f"/v1/{path}", {**asked, **options, "offset": offset, "n": n}))

        yield page


@every_scenario
def test_pages_of_any_sizes_form_one_order(paged: Service, scenario: str) -> None:
    rng = random.Random(scenario)
    for page in posted(paged, scenario):
        shown(page, rng)


@every_scenario
def test_pages_within_a_category_form_one_order_of_all_its_products(
    paged: Service, stocked: Shelf, scenario: str
) -> None:
    rng = random.Random(scenario)
    left_out = blocked(stocked, scenario)
    for page in posted(paged, scenario, category="Tea"):
        whole = shown(page, rng)
        assert of_category(stocked, "Tea") - left_out <= set(whole)
        assert [item for item in whole if item in left_out or not may_be_of(category_of(stocked, item), "Tea")] == []


@pytest.mark.parametrize("path", ["popular", "popular?window=7d", "trending", "newest", "items/q1/similar"])
def test_pages_of_a_list_of_a_category_form_one_order_of_all_its_products(
    paged: Service, stocked: Shelf, path: str
) -> None:
    path, _, window = path.partition("?window=")
    options = {"category": "Tea", **({"window": window} if window else {})}

    def page(offset: int, n: int) -> list[str]:
        return ids(paged.get(f"/v1/{path}", offset=offset, n=n, **options))

    whole = shown(page, random.Random(path))
    assert of_category(stocked, "Tea") - {"q1" if "q1" in path else ""} <= set(whole)
    assert [item for item in whole if not may_be_of(category_of(stocked, item), "Tea")] == []


def blocked(shelf: Shelf, scenario: str) -> set[str]:
    """The products that the rules of a scenario block."""
    of_brand = {item for item in STOCK if product_of(shelf, item).brand == "B1"}
    return {"blocked": {*of_brand, "q3", "q150"}, "all": of_brand}.get(scenario, set())


def of_category(shelf: Shelf, category: str) -> set[str]:
    return {item for item in STOCK if lies_in(category_of(shelf, item), category)}


def product_of(shelf: Shelf, item: str) -> Product:
    value: Any = shelf.redis.get(redis_keys.product(item))
    return decode_product(value)


def category_of(shelf: Shelf, item: str) -> str:
    return product_of(shelf, item).category


def may_be_of(own: str, category: str) -> bool:
    """Of a product without a category, the list of a category decides."""
    return not own or lies_in(own, category)


def test_a_list_goes_on_behind_its_first_products_before_the_next_step_begins(paged: Service, stocked: Shelf) -> None:
    items = random.Random(3).sample(PRODUCTS, 250)
    for key, source in (
        (redis_keys.popular("7d"), Source.POPULAR_7D),
        (redis_keys.category_trending("Tea"), Source.CATEGORY_TRENDING),
    ):
        stocked.put(key, source, items[:FIRST_ITEMS], Reason.POPULAR)
        stocked.put(redis_keys.continued(key), source, items[FIRST_ITEMS:], Reason.POPULAR)

    def pages(path: str, **asked: Any) -> list[str]:
        return [item for offset in (0, 100, 200) for item in ids(paged.get(path, n=100, offset=offset, **asked))]

    assert pages("/v1/popular", window="7d")[:250] == items
    tea = [item for item in items if may_be_of(category_of(stocked, item), "Tea")]
    assert pages("/v1/trending", category="Tea")[: len(tea)] == tea
    assert len(tea) > 50
