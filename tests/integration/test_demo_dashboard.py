"""The demo's dashboard in a browser: its figures are those of ``./shop query``, and what users send is only text.

The tests build on each other in their order, on the platform that the demo and test_main_job.py have left: figures of
Online Retail first, then hostile events, which come by the demo's own collector and jobs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, Page
from redis import Redis

from local.commands import run_shop
from local.platform import Platform
from operations.lag import wait_until_settled
from schemas import redis_keys
from schemas.recommendations import decode_list
from tests.support.browsers import chromium
from tests.support.dashboard_pages import amounts, figure, in_cents, look_at, query_rows, texts, total, viewer, wait_for

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1200)]

FIRST, LAST = date(2010, 12, 1), date(2011, 12, 9)
FOUR_WEEKS = LAST - timedelta(days=27)
CURRENCY = "GBP"
CUSTOMER = "14911"
JOBS = 3
SETTLE_SECONDS = 600

MARKUP = '<img src=x onerror="window.wasrun = true"><script>window.wasrun = true</script>'
"""In lower case, as searches are counted."""

ARABIC = "سماعة لاسلكية"
EMOJI = "👩‍👩‍👧 🧸"
LONG = ("teapot " * 1_429)[:10_000].strip()
HOSTILE = (MARKUP, ARABIC, EMOJI)
SEARCHES = (*HOSTILE, LONG)
RUN = "main img, main script, dialog img, dialog script"


@pytest.fixture(scope="module")
def shop(platform_of_the_demo: Platform) -> Platform:
    if not platform_of_the_demo.is_up():
        answer = run_shop(platform_of_the_demo.settings, "demo")
        assert answer.returncode == 0, answer.stderr
    return platform_of_the_demo


@pytest.fixture(scope="module")
def browser(shop: Platform) -> Iterator[Browser]:  # no browser, no demo; but a demo that is there is not started again
    with chromium() as launched:
        yield launched


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with viewer(browser) as made:
        yield made


Look = Callable[[str], Page]


@pytest.fixture
def look(shop: Platform, page: Page) -> Look:
    url = f"http://127.0.0.1:{shop.settings.port('dashboard')}"
    return lambda query: look_at(page, f"{url}/?{query}")


def of_days(name: str, first: date, last: date) -> str:
    return f"page={name}&currency={CURRENCY}&range=custom&from={first}&to={last}"


def in_pounds(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["currency"] == CURRENCY]


@pytest.mark.parametrize("first", [FIRST, FOUR_WEEKS, LAST], ids=["the whole data set", "four weeks", "its last day"])
def test_sales(shop: Platform, look: Look, first: date) -> None:
    page = look(of_days("sales", first, LAST))
    rows = in_pounds(query_rows(shop.settings, "sales_daily", first, LAST))
    (totals,) = in_pounds(query_rows(shop.settings, "sales_totals", first, LAST))
    assert figure(page, "net") == total(rows, "net") == totals["net"] > 0
    assert figure(page, "gross") == total(rows, "gross") == totals["gross"]
    assert figure(page, "returns") == total(rows, "refunds", "cancelled")
    assert figure(page, "orders") == total(rows, "orders") == totals["orders"]
    assert figure(page, "units") == total(rows, "units")
    assert figure(page, "new_buyers") == total(rows, "new_buyers")
    assert figure(page, "average") == totals["average_order_value"]
    hours = query_rows(shop.settings, "sales_by_hour", first, LAST, currency=CURRENCY)
    shown = sum(int(text.split(" ")[0].replace(",", "")) for text in texts(page, "[data-tile=hours] td .unseen"))
    assert shown == total(hours, "orders") == totals["orders"]


def test_the_net_revenue_of_every_day(shop: Platform, look: Look) -> None:
    page = look(of_days("sales", FOUR_WEEKS, LAST))
    cells = texts(page, "[data-tile=net] .unseen tbody td:nth-child(2)")
    by_day = {row["day"]: row["net"] for row in in_pounds(query_rows(shop.settings, "sales_daily", FOUR_WEEKS, LAST))}
    expected = [by_day.get(FOUR_WEEKS + timedelta(days=n), Decimal(0)) for n in range(28)]
    assert amounts(cells) == [in_cents(value) for value in expected]


def test_the_whole_data_set_is_as_the_demo_prints_it(look: Look) -> None:
    assert figure(look(of_days("sales", FIRST, LAST)), "net") == Decimal("9747747.934")


def test_products(shop: Platform, look: Look) -> None:
    page = look(of_days("products", FOUR_WEEKS, LAST))
    sold = in_pounds(query_rows(shop.settings, "products_daily", FOUR_WEEKS, LAST))
    assert figure(page, "revenue") == total(sold, "revenue") > 0
    assert figure(page, "returned") == total(sold, "returned_units")
    for order in ("revenue", "units", "returned_units"):
        tile = f"top-{order.partition('_')[0]}"
        best = query_rows(shop.settings, "products_top", FOUR_WEEKS, LAST, currency=CURRENCY, order=order, limit="10")
        links = page.eval_on_selector_all(f"[data-tile={tile}] .bar-name", "all => all.map(each => each.search)")
        assert [link.partition("product=")[2].partition("&")[0] for link in links] == [
            quote(row["product_id"]) for row in best
        ]
    page.click("[data-tile=top-revenue] .bar-name")
    page.wait_for_selector("[data-tile=by-day][data-state=ready]")
    (best_one,) = query_rows(
        shop.settings, "products_top", FOUR_WEEKS, LAST, currency=CURRENCY, order="revenue", limit="1"
    )
    assert figure(page, "revenue") == best_one["revenue"]


@pytest.mark.parametrize("name", ["visits", "search", "payments", "recommendations"])
def test_pages_of_what_the_data_set_lacks_say_so(look: Look, name: str) -> None:
    page = look(of_days(name, FOUR_WEEKS, LAST))
    assert set(texts(page, ".figure")) == {"\N{EN DASH}"}
    assert page.inner_text(".nothing p").startswith("No ")


def test_explorer_shows_a_customers_list(shop: Platform, look: Look) -> None:
    with Redis.from_url(shop.settings.redis_url, socket_timeout=30) as redis:
        version = redis.get(redis_keys.ACTIVE_MODEL)
        assert isinstance(version, bytes)
        value = redis.get(redis_keys.personalized(version.decode(), CUSTOMER))
    assert isinstance(value, bytes)
    items = decode_list(value).items
    page = look(f"page=explorer&user={CUSTOMER}")
    wait_for(page, "document.querySelector('.ranked li')")
    assert page.inner_text("main .secondary") == f"Model {version.decode()}"
    ids = page.eval_on_selector_all(".ranked .plain:first-child", "all => all.map(each => each.title)")
    assert ids == [item.item_id for item in items]
    assert texts(page, ".ranked .number") == [f"{item.score:,.2f}" for item in items]


def test_pipeline_counts_what_was_refused(shop: Platform, look: Look) -> None:
    listed = run_shop(shop.settings, "failed", "list", "--format", "json")
    assert listed.returncode == 0, listed.stderr
    page = look("page=pipeline")
    assert figure(page, "failed") == len(json.loads(listed.stdout))
    assert figure(page, "jobs") == JOBS
    assert figure(page, "lag") == 0
    assert "everything is counted" in page.inner_text("[data-tile=lag]")


def test_live_says_that_all_is_history(look: Look) -> None:
    page = look("page=live")
    wait_for(page, "document.querySelector('.banner.plain:not([hidden])')")
    assert page.inner_text(".banner.plain").startswith("Nothing happens now: the newest event is of ")
    assert figure(page, "orders") == 0


@pytest.fixture(scope="module")
def hostile(shop: Platform) -> None:
    """Every text that a user, a shop's back office or a browser sends is hostile, and comes by the collector."""
    answer = httpx.post(
        f"http://127.0.0.1:{shop.settings.port('collector')}/v1/batch", json={"batch": hostile_batch()}, timeout=30
    )
    assert answer.status_code == 202, answer.text
    wait_until_settled(shop.settings, lambda _lag: None, SETTLE_SECONDS)


def hostile_batch() -> list[dict[str, Any]]:
    """Products, orders, failed payments and searches of today."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    batch = []
    for number, text in enumerate(HOSTILE):
        order = {"order_id": text, "currency": "EUR", "revenue": 100 - number}
        line = {"product_id": text, "quantity": 1, "price": 100 - number, "category": text}
        product = {"product_id": text, "product_title": text, "brand": text, "category": text, "price": 5}
        payment = {"payment_id": text, "currency": "EUR", "value": 5, "reason": text}
        where = {"country": text, "channel": text}
        batch += [
            {"event": "product_created", "userId": text, "properties": {**product, "currency": "EUR"}},
            {"event": "purchase", "userId": text, "properties": {**order, **where, "products": [line]}},
            {"event": "payment_failed", "userId": text, "properties": payment},
        ]
    for number, text in enumerate(SEARCHES):
        search = {"event": "search", "userId": "ada", "properties": {"query": text, "results": 0}}
        batch += [search] * (len(SEARCHES) - number)
    for number, event in enumerate(batch):
        batch[number] = event | {"messageId": f"hostile-{time.time_ns()}-{number}", "timestamp": now}
    return batch


def of_today(name: str) -> str:
    return f"page={name}&currency=EUR&range=7d"


def nothing_was_run(page: Page) -> bool:
    return page.query_selector(RUN) is None and page.evaluate("window.wasrun") is None


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("width", [360, 1440])
def test_hostile_orders_are_shown_and_not_run(look: Look, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    look("page=live&currency=EUR")
    feed = "[data-tile=last] .feed li > span.feed-main"
    wait_for(page, f"document.querySelectorAll('{feed}').length >= 3")
    assert set(HOSTILE) <= set(texts(page, feed))
    assert figure(page, "orders") == len(HOSTILE)
    assert nothing_was_run(page)
    page.click("[data-tile=last] .tile-open", position={"x": 2, "y": 2})
    page.wait_for_selector("dialog[open] tbody tr")
    assert nothing_was_run(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.usefixtures("hostile")
def test_hostile_searches_are_shown_and_not_run(shop: Platform, look: Look) -> None:
    page = look(of_today("search"))
    assert tuple(texts(page, "[data-tile=queries] .bar-name")[: len(SEARCHES)]) == SEARCHES
    rows = query_rows(shop.settings, "search_daily", datetime.now(UTC).date() - timedelta(days=6))
    assert figure(page, "searches") == total(rows, "searches") > 0
    assert nothing_was_run(page)


@pytest.mark.usefixtures("hostile")
def test_hostile_titles_countries_and_reasons_are_shown_and_not_run(look: Look) -> None:
    page = look(of_today("products"))
    assert tuple(texts(page, "[data-tile=top-revenue] .bar-name")) == HOSTILE
    assert nothing_was_run(page)
    page.click("[data-tile=top-revenue] .bar-name")
    page.wait_for_selector("[data-tile=by-day][data-state=ready]")
    assert page.inner_text(".product-head h2") == MARKUP
    assert nothing_was_run(page)
    look(of_today("sales"))
    for tile in ("by-country", "by-channel", "by-category"):
        assert set(HOSTILE) <= set(texts(page, f"[data-tile={tile}] .bar-name")), tile
    assert nothing_was_run(page)
    look(of_today("payments"))
    assert set(HOSTILE) <= set(texts(page, ".bar-name"))
    assert nothing_was_run(page)


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("text", HOSTILE, ids=["markup", "right to left", "emoji"])
def test_a_hostile_id_is_looked_up_and_not_run(look: Look, text: str) -> None:
    page = look(f"page=explorer&product={quote(text)}")
    wait_for(page, "document.querySelector('.explored h3')")
    assert page.inner_text(".explored h3") == text
    assert f"{text} · {text} · €5.00" in page.inner_text(".explored .tile")
    assert nothing_was_run(page)
    look(f"page=explorer&user={quote(text)}")
    wait_for(page, "document.querySelector('main .secondary').textContent.startsWith('Nothing is known')")
    assert page.input_value("#explored") == text
    assert nothing_was_run(page)
