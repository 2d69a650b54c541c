"""Live, Explorer and Pipeline: every figure is that of ``./shop query``, of Redis, and of ``./shop lag``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import redis
from playwright.sync_api import Page

from coordination.waiting import wait_until
from dashboards.service.offsets import SinkOffsets
from dashboards.service.tables import TABLE_OF
from operations.failed_events import failed_events
from operations.lag import pipeline_lag
from tests.integration.dashboards.page.conftest import Shown
from tests.support.dashboard_pages import amounts, figure, in_cents, is_near, texts, wait_for
from tests.support.serving import HISTORY_UNTIL, MADE_AT, Shelf

pytestmark = pytest.mark.platform

CURRENCY = "EUR"
SHOWN_ORDERS = 12
USER = "zoë & <co>"


def test_live(shown: Shown, look: Callable[..., Page]) -> None:
    page = look(f"page=live&currency={CURRENCY}")
    wait_for(page, "document.querySelector('[data-tile=orders] .figure').dataset.value !== undefined")
    (sales,) = (row for row in shown.rows("sales_daily", shown.today, shown.today) if row["currency"] == CURRENCY)
    assert (figure(page, "net"), figure(page, "orders")) == (sales["net"], sales["orders"])
    assert sales["net"] > 0
    assert figure(page, "average") == sales["average_order_value"]
    (now,) = shown.rows("visits_now", shown.today, shown.today)
    assert (now["visitors_5_minutes"], now["open_carts"], now["open_checkouts"]) == (2, 2, 1)
    assert figure(page, "visitors") == now["visitors_5_minutes"]
    assert page.inner_text("[data-tile=visitors] .note") == f"{now['visitors_30_minutes']} in 30 min"
    assert (figure(page, "carts"), figure(page, "checkouts")) == (now["open_carts"], now["open_checkouts"])
    for funnel in shown.rows("funnel_daily", shown.today, shown.today):
        assert is_near(figure(page, "conversion"), Decimal(funnel["converted"]) / Decimal(funnel["sessions"]))


def test_the_last_orders_of_live(shown: Shown, look: Callable[..., Page]) -> None:
    page = look(f"page=live&currency={CURRENCY}")
    yesterday = shown.today - timedelta(days=1)
    orders = shown.rows("last_orders", yesterday, shown.today, limit=str(SHOWN_ORDERS))
    feed = "[data-tile=last] .feed"
    wait_for(page, "feed => document.querySelector(feed)", feed)
    assert texts(page, f"{feed} li > span.feed-main") == [order["order_id"] for order in orders]
    assert amounts(texts(page, f"{feed} b")) == [in_cents(order["value"]) for order in orders]
    assert texts(page, f"{feed} li > span.feed-more") == ["Germany · 3 units · email", "2 units", "France · 3 units"]
    times = page.eval_on_selector_all(f"{feed} time", "all => all.map(each => each.dateTime)")
    assert [datetime.fromisoformat(each) for each in times] == [order["at"].astimezone(UTC) for order in orders]


def test_the_events_by_minute_of_live(shown: Shown, look: Callable[..., Page]) -> None:
    page = look(f"page=live&currency={CURRENCY}")
    page.click("[data-tile=rate] .tile-open")
    shown_values = page.eval_on_selector_all("dialog tbody tr", "rows => rows.map(row => row.cells[1].dataset.value)")
    minutes = shown.rows("activity_minutely", *shown.days)[-len(shown_values) :]
    assert sorted(map(int, shown_values)) == sorted(row["events"] for row in minutes)
    assert minutes[-1]["events"] == 12


@pytest.fixture
def shelf(shown: Shown) -> Iterator[Shelf]:
    with redis.Redis.from_url(shown.settings.redis_url, socket_timeout=30) as client:
        yield Shelf(client)
        client.flushdb()


def test_explorer_of_a_user(shown: Shown, look: Callable[..., Page], shelf: Shelf) -> None:
    shelf.activate("m7")
    shelf.product("p-1", title="Red mug", category="Kitchen", brand="Potter", price="4.5", currency="EUR")
    viewed_at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    shelf.history(USER, ("view_item", "p-1", 1000 * int(viewed_at.timestamp())), ("add_to_cart", "p-2", 1_000))
    shelf.personal(USER, ["p-3", "p-4", "p-1"], "m7", because=["p-1"])
    shelf.identity("anon-1", (2_000, USER), (3_000, ""))

    page = look(f"page=explorer&user={USER.replace('&', '%26')}")
    wait_for(page, "document.querySelectorAll('.ranked li').length === 3")
    assert page.inner_text(".lookup + *, main .secondary") == "Model m7"
    assert texts(page, ".ranked .rank") == ["1", "2", "3"]
    assert texts(page, ".ranked .plain:first-child") == ["p-3", "p-4", "Red mug"]
    assert texts(page, ".ranked .number") == ["1.00", "1.00", "0.99"]
    assert set(texts(page, ".ranked .why")) == {"Similar to Red mug, which you bought"}
    about = page.inner_text("[aria-label=personal] .note")
    assert "model m7" in about
    assert all(f"{moment:%-d %b %Y, %H:%M:%S}" in about for moment in (MADE_AT, HISTORY_UNTIL))
    assert "2 events" in page.inner_text("[aria-label=History] .note")
    assert texts(page, "[aria-label=History] .feed-main") == ["Red mug", "p-2"]
    assert texts(page, "[aria-label=Visitors] .feed-main") == ["anon-1"]
    assert page.get_attribute("[aria-label=Visitors] time", "datetime") == "1970-01-01T00:00:03.000Z"
    assert "signed out" in page.inner_text("[aria-label=Visitors]")
    assert page.get_attribute("[aria-label=History] time", "datetime") == "2026-03-04T05:06:07.000Z"

    shelf.personal(USER, ["p-4", "p-3", "p-9"], "m7")  # the page follows by itself
    wait_for(page, "document.querySelectorAll('.moved').length === 3")
    assert texts(page, ".moved") == ["▲ from 2", "▼ from 1", "new"]


def test_explorer_of_a_product(shown: Shown, look: Callable[..., Page], shelf: Shelf) -> None:
    shelf.activate("m7")
    shelf.product("p-1", title="Red mug", category="Kitchen", brand="Potter", price="4.5", currency="EUR")
    shelf.similar("p-1", ["p-5", "p-6"], "m7")
    page = look("page=explorer&product=p-1")
    wait_for(page, "document.querySelectorAll('.ranked li').length === 2")
    card = page.inner_text("[aria-label='Red mug']")
    assert "Potter · Kitchen · €4.50 · available" in card
    assert texts(page, ".ranked .plain:first-child") == ["p-5", "p-6"]


def test_pipeline(shown: Shown, look: Callable[..., Page]) -> None:
    page = look("page=pipeline")
    lag = pipeline_lag(shown.settings)
    behind = {"ingest": lag.ingest, **lag.jobs, **{f"sink: {name}": count for name, count in lag.sinks.items()}}

    def by_reader() -> dict[str, int]:
        values = (int(text.replace(",", "")) for text in texts(page, "[data-tile=lags] .bar-value"))
        return dict(zip(texts(page, "[data-tile=lags] .bar-name"), values, strict=True))

    def until(same: Callable[[], bool], what: str) -> None:
        wait_until(same, 30, lambda: AssertionError(what), sleep=lambda s: page.wait_for_timeout(1000 * s))

    until(lambda: by_reader() == behind, "what is behind is another")
    assert figure(page, "lag") == sum(behind.values())
    assert figure(page, "failed") == len(list(failed_events(shown.settings)))
    assert page.inner_text("[data-tile=jobs]").count("No job is known") == 1
    assert figure(page, "memory") > 10_000_000  # type: ignore[operator]
    assert dict(updates(page)) == dict(tables_by_kafka(shown))


def updates(page: Page) -> Iterator[tuple[str, int]]:
    """Tables, and the changes that ClickHouse does not have."""
    cells = "rows => rows.map(row => [row.cells[0].textContent, row.cells[2].dataset.value])"
    for name, behind in page.eval_on_selector_all("[data-tile=tables] tbody tr", cells):
        yield name, int(behind)


def tables_by_kafka(shown: Shown) -> Iterator[tuple[str, int]]:
    offsets = SinkOffsets(shown.settings)
    ends = offsets.ends()
    offsets.close()
    for topic, end in ends.items():
        yield TABLE_OF[topic], end.behind
