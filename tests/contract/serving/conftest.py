"""One Redis for all tests of the service, one default service, and others by what they need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from tests.support.serving import RedisProcess, Service, Shelf, eventually, service_of
from tests.support.workers import GroupResources

Make = Callable[..., Service]


@pytest.fixture(scope="session")
def redis_process(group_resources: GroupResources, tmp_path_factory: pytest.TempPathFactory) -> RedisProcess:
    process = group_resources.hold(closing(RedisProcess(tmp_path_factory.mktemp("redis"))))
    process.start()
    return process


@pytest.fixture(scope="session")
def shelf(redis_process: RedisProcess) -> Shelf:
    return Shelf(redis_process.client)


@pytest.fixture(scope="module")
def make(redis_process: RedisProcess, stocked: Shelf) -> Iterator[Make]:
    """Start a service with some settings changed; it knows the stock when this returns."""
    with ExitStack() as running:

        def start(**changes: Any) -> Service:
            service = running.enter_context(service_of(redis_process.url, **changes).running())
            eventually(lambda: service.metric("unavailable_products") == len(UNAVAILABLE))
            return service

        yield start


@pytest.fixture(scope="module")
def service(make: Make) -> Service:
    """A service as it comes."""
    return make()


UNAVAILABLE = ("gone",)
CATALOGUE = [f"p{n}" for n in range(40)]


@pytest.fixture(scope="module")
def stocked(shelf: Shelf) -> Shelf:
    """A small shop.

    ``p0`` to ``p39`` are in the categories ``Tea > Green`` (even) and ``Cups`` (odd), by two brands; ``gone`` is
    unavailable and in every list. Ann has a list of her own and a history, Ben a history, Eve nothing.
    """
    shelf.empty()
    shelf.activate("m1")
    for n, item in enumerate(CATALOGUE):
        category = "Tea > Green" if n % 2 == 0 else "Cups"
        shelf.product(item, title=f"Product {n}", category=category, brand=f"B{n % 3}", price="1.0000", currency="GBP")
    shelf.product("gone", title="Gone", category="Cups")
    shelf.personal("ann", ["p1", "gone", "p2", "p3", "p4"], because=["p9"])
    shelf.personal("ann", ["p31", "gone", "p32", "p33"], version="m2", because=["p9"])
    shelf.similar("p9", ["p10", "gone", "p11", "p12"])
    shelf.similar("p8", ["p11", "p13"])
    shelf.similar("p9", ["p35", "p36"], version="m2")
    shelf.history("ann", ("purchase", "p2", 1_000), ("view_item", "p9", 2_000))
    shelf.history("ben", ("purchase", "p8", 1_000), ("view_item", "p9", 2_000))
    shelf.category_popular("Cups", ["p21", "p23", "gone", "p9"])
    shelf.category_popular("Tea > Green", ["p20", "p22"])
    shelf.trending(["p5", "gone", "p6"])
    shelf.popular(["p6", "p7", "p0", "gone"])
    shelf.newest(["gone", *reversed(CATALOGUE)])
    shelf.unavailable(*UNAVAILABLE)
    return shelf
