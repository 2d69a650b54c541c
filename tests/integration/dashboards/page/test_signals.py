"""What the pages say of themselves: which figures are behind, which lists are fresh, what is sold out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Page, Route
from redis import Redis

from connections.redis import connect
from dashboards.service.tables import TOPIC_OF
from schemas import redis_keys
from schemas.list_freshness import field_of
from schemas.recommendations import Product, encode_product
from tests.integration.dashboards.page.conftest import Shown
from tests.support.dashboard_pages import wait_for

pytestmark = pytest.mark.platform

REASON = "The job ingest has 1,234 records left to check."
WITH_RESULTS = ("sales", "products", "visits", "search", "payments", "recommendations")
NOT_OF_RESULTS = {"alerts", "unavailable", "unavailable-top", "event-to-list"}
"""Tiles that show something else than results: of now, and with their own words."""

PIPELINE: dict[str, Any] = {
    "at": "2026-06-09T12:00:00.000Z",
    "lag": {
        "ingest": 1_234,
        "open_transactions": 0,
        "jobs": {},
        "sinks": {},
        "settled": False,
        "words": "ingest is behind",
    },
    "jobs": [],
    "failed": {"total": 2, "looked_at": 2, "reasons": {"too_old": 2}},
    "duplicates": {"since": "2026-06-09T11:00:00.000Z", "events": 900, "duplicates": 9},
    "arrivals": {"since": "2026-06-09T11:00:00.000Z", "late_seconds": 600, "events": 800, "late": 2},
    "lists": {"minutes": 10, "lists": 40, "older": 0, "p50_seconds": 0.9, "p99_seconds": 2.1},
    "tables": [],
    "doubtful": [{"table": table, "reason": REASON, "since": "2026-06-09T11:59:00.000Z"} for table in TOPIC_OF],
    "memory_bytes": 83_000_000,
    "connections": 2,
    "stale": [],
}


def answer_with(page: Page, path: str, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
    """Let the service answer a path with something else."""

    def answer(route: Route) -> None:
        route.fulfill(json=change(route.fetch().json()))

    page.route(f"**{path}", answer)


def captions(page: Page) -> dict[str, str]:
    """What each tile with a figure of results says of itself."""
    texts = page.eval_on_selector_all(
        ".tile[data-state=ready]", "all => all.map(each => [each.dataset.tile, each.querySelector('.caution').title])"
    )
    return {tile: text for tile, text in texts if tile not in NOT_OF_RESULTS}


@pytest.mark.parametrize("name", WITH_RESULTS)
def test_every_figure_that_may_be_behind_says_so_and_the_page_says_why(
    look: Callable[..., Page], page: Page, name: str
) -> None:
    late = [{"table": "sales_daily", "reason": REASON, "since": None}]
    answer_with(page, "/api/query/**", lambda answer: {**answer, "doubtful": late})
    look(f"page={name}&currency=EUR")

    assert len(captions(page)) >= 4
    assert set(captions(page).values()) == {REASON}
    assert page.inner_text("main > div > .banner:not(.plain) p") == REASON


def test_every_figure_of_live_that_may_be_behind_says_so(look: Callable[..., Page], page: Page) -> None:
    answer_with(page, "/api/pipeline", lambda _: PIPELINE)
    look("page=live&currency=EUR")
    wait_for(page, "document.querySelector('[data-tile=orders] .caution').title !== ''")

    assert {"net", "orders", "average", "visitors", "conversion", "carts", "checkouts"} <= captions(page).keys()
    assert set(captions(page).values()) == {REASON}
    assert "Not every event is counted yet." in page.inner_text("[data-tile=alerts]")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"jobs": None, "stale": [{"server": "Flink", "reason": "it is away"}]}, "Flink does not answer."),
        ({"jobs": []}, "No job runs, so nothing is counted."),
    ],
)
def test_live_says_that_jobs_are_not_known_or_none_runs(
    look: Callable[..., Page], page: Page, changes: dict[str, Any], words: str
) -> None:
    answer_with(page, "/api/pipeline", lambda _: {**PIPELINE, **changes})
    look("page=live&currency=EUR")
    assert words in page.inner_text("[data-tile=alerts]")


def test_nothing_is_said_of_figures_that_nothing_speaks_against(look: Callable[..., Page], page: Page) -> None:
    answer_with(page, "/api/query/**", lambda answer: {**answer, "doubtful": []})
    look("page=sales&currency=EUR")
    assert set(captions(page).values()) == {""}


def test_the_pipeline_shows_duplicates_late_events_and_how_fresh_lists_are(
    look: Callable[..., Page], page: Page
) -> None:
    answer_with(page, "/api/pipeline", lambda _: PIPELINE)
    look("page=pipeline")

    assert page.inner_text("[data-tile=duplicates] .figure") == "1.0%"
    assert page.inner_text("[data-tile=duplicates] .note").startswith("9 of 900 records since ")
    assert page.inner_text("[data-tile=late] .figure") == "0.3%"
    assert page.inner_text("[data-tile=late] .note") == "2 of 800 events since 12:00"  # in London
    assert page.get_attribute("[data-tile=event-to-list] .figure", "data-value") == "0.9"
    assert page.inner_text("[data-tile=event-to-list] .note") == "p99 2.1 secs · 40 lists in 10 min"


def test_what_nobody_knows_is_not_shown_as_nothing(look: Callable[..., Page], page: Page) -> None:
    answer_with(page, "/api/pipeline", lambda _: {**PIPELINE, "duplicates": None, "arrivals": None, "lists": None})
    look("page=pipeline")

    for tile in ("duplicates", "late", "event-to-list"):
        assert page.get_attribute(f"[data-tile={tile}]", "data-state") == "error"


def test_a_pipeline_without_events_says_so(shown: Shown, look: Callable[..., Page]) -> None:
    page = look("page=pipeline")
    wait_for(page, "document.querySelector('[data-tile=late]')?.dataset.state === 'empty'")
    assert page.inner_text("[data-tile=late] .empty").startswith("No events since ")
    assert page.inner_text("[data-tile=event-to-list] .empty") == "No lists were written in the last 10 minutes."


@pytest.fixture
def redis(shown: Shown) -> Iterator[Redis]:
    with closing(connect(shown.settings.redis_url, 5.0)) as client:
        yield client


@pytest.fixture
def written_lists(redis: Redis) -> Iterator[None]:
    now, _ = redis.time()  # type: ignore[misc]
    redis.hset(redis_keys.LIST_FRESHNESS, mapping={field_of(now // 60, 1.0): 99, field_of(now // 60, 8.0): 2})
    yield
    redis.delete(redis_keys.LIST_FRESHNESS)


@pytest.mark.usefixtures("written_lists")
def test_recommendations_show_how_long_an_event_takes_into_a_list(look: Callable[..., Page]) -> None:
    page = look("page=recommendations&currency=EUR")
    wait_for(page, "document.querySelector('[data-tile=event-to-list]')?.dataset.state === 'ready'")
    assert page.inner_text("[data-tile=event-to-list] .figure").startswith("1 sec")
    assert "101 lists in 10 min" in page.inner_text("[data-tile=event-to-list] .note")
    assert page.inner_text("[data-tile=event-to-list] .note").startswith("p99 8")


@pytest.fixture
def sold_out(shown: Shown, redis: Redis, look: Callable[..., Page]) -> Iterator[str]:
    """The product of the most revenue, of which the catalogue says that it is not available."""
    page = look("page=products&currency=EUR")
    link = page.get_attribute("[data-tile=top-revenue] li:first-child .bar-name", "href")
    assert link is not None
    product = link.partition("product=")[2].partition("&")[0]
    redis.set(redis_keys.product(product), encode_product(Product(available=False, title="Teapot")))
    redis.sadd(redis_keys.UNAVAILABLE, product)
    redis.zadd(redis_keys.CATALOGUE, {f"other-{number}": number for number in range(3)})
    yield product
    redis.delete(redis_keys.product(product), redis_keys.UNAVAILABLE, redis_keys.CATALOGUE)


def test_products_show_what_is_sold_out_and_which_of_it_sells_most(sold_out: str, look: Callable[..., Page]) -> None:
    page = look("page=products&currency=EUR&range=28d")
    wait_for(page, "document.querySelector('[data-tile=unavailable-top]')?.dataset.state === 'ready'")
    assert page.get_attribute("[data-tile=unavailable] .figure", "data-value") == "1"
    assert page.inner_text("[data-tile=unavailable] .unit") == "of 4"
    assert "Teapot" in page.inner_text("[data-tile=unavailable-top] .feed")
    assert "most revenue: 1" in page.inner_text("[data-tile=unavailable-top] .feed")
    assert "sold out or hidden" in page.inner_text("[data-tile=top-revenue] li:first-child")
    assert sold_out in page.inner_text("[data-tile=top-revenue] li:first-child")


def test_ranks_are_asked_at_once_and_are_what_each_alone_would_be(
    shown: Shown, look: Callable[..., Page], page: Page
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "products_top" in request.url else None)
    look("page=products&currency=EUR&range=custom&from=2026-01-01&to=2026-12-31")
    assert len(asked) == 1
    for tile, order in (("revenue", "revenue"), ("units", "units"), ("views", "views"), ("returned", "returned_units")):
        page.click(f"[data-tile=top-{tile}] .tile-open", position={"x": 2, "y": 2})
        page.wait_for_selector("dialog[open] tbody tr")
        rows = page.eval_on_selector_all("dialog tbody tr", "all => all.map(row => row.cells[0].textContent)")
        assert page.inner_text("dialog code.command") == (
            "./shop query products_top --from 2026-01-01 --to 2026-12-31"
            f" --set currency=EUR --set order={order} --set limit=10"
        )
        page.keyboard.press("Escape")
        csv = page.request.get(
            f"{shown.url}/api/query/products_top.csv?from=2026-01-01&to=2026-12-31&currency=EUR&order={order}&limit=10"
        ).text()
        assert rows == [line.partition(",")[0] for line in csv.splitlines()[1:]][: len(rows)]
        assert rows
