"""A server of the platform hangs or dies: pages that are open say what is out of date since when, and recover."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page

from connections.clickhouse import connected
from coordination.waiting import wait_until
from local.faults import targets
from local.platform import Platform
from schemas.settings import Settings
from tests.integration.dashboards.page.conftest import Shown
from tests.integration.dashboards.page.present import CURRENCY, SALES, Shop, sales_row
from tests.support.dashboard_pages import (
    SECONDS,
    figure,
    look_at,
    states,
    texts,
    wait_for,
    wait_for_figure,
    wait_until_nothing_is_stale,
)

pytestmark = pytest.mark.platform

TIME = r"\d\d:\d\d:\d\d"
SAME_PAGE = "window.isTheSame === true"
NET_IS_IN_DOUBT = (
    r"/^may be out of date since \d\d:\d\d:\d\d$/"
    ".test(document.querySelector('[data-tile=net] .caution').innerText.trim())"
)
KAFKA_IS_NAMED = "[...document.querySelectorAll('.banner:not([hidden])')].some(each => /Kafka/.test(each.textContent))"


@contextmanager
def killed(platform: Platform, name: str) -> Iterator[None]:
    """A part is dead while the block runs; then the supervisor starts it again."""
    with targets.supervisor_stopped(platform):
        targets.kill(platform, name)
        yield


AWAY = pytest.mark.parametrize("away", [targets.stopped, killed], ids=["hangs", "is dead"])


def come_back_to(page: Page) -> None:
    """The viewer looks at the tab again, so that it asks now and not within half a minute."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def wait_for_at_each_look(page: Page, script: str) -> None:
    """The viewer looks again every second until a script gives true."""

    def is_so() -> bool:
        come_back_to(page)
        page.wait_for_timeout(1_000)
        return bool(page.evaluate(script))

    wait_until(is_so, SECONDS, lambda: AssertionError(f"never true: {script}"), poll_seconds=0)


@AWAY
def test_without_clickhouse_every_tile_says_since_when_and_is_right_again(
    platform: Platform, shown: Shown, look: Callable[..., Page], away: Any
) -> None:
    page = look(f"page=sales&currency={CURRENCY}&range=day")
    page.evaluate("window.isTheSame = true")
    net = figure(page, "net")
    assert net is not None
    with away(platform, "clickhouse"):
        come_back_to(page)
        wait_for(page, "![...document.querySelectorAll('.tile')].some(each => each.dataset.state === 'ready')")
        assert "stale" in states(page)
        stale = f"Not up to date since {TIME}: ClickHouse does not answer"
        assert all(re.match(stale, text) for text in texts(page, "[data-state=stale] .caution"))
        assert page.inner_text(".freshness") == "ClickHouse does not answer"
        assert figure(page, "net") == net
        page.click("text=7 days")  # of these no figure is known
        wait_for(page, "!document.querySelector('[data-state=reloading]')")
        assert states(page) == {"error"}
        assert "ClickHouse does not answer" in page.inner_text("[data-tile=net]")
        assert figure(page, "net") is None
        page.go_back()

    orders = 8 if away is targets.stopped else 9
    wait_for(page, "[...document.querySelectorAll('.tile')].some(each => each.dataset.state === 'ready')")
    today_has(shown.settings, shown.today, orders)
    come_back_to(page)
    wait_for_figure(page, "orders", orders)
    wait_until_nothing_is_stale(page)
    assert figure(page, "net") == Decimal(orders)
    assert "error" not in states(page)
    assert page.evaluate(SAME_PAGE)


def today_has(settings: Settings, today: date, orders: int) -> None:
    """So many orders, of one euro each, are counted."""
    row = sales_row(today, orders, Decimal(orders))
    with connected(settings, settings.clickhouse_database) as client:
        client.insert(SALES.storage_table, [list(row.values())], column_names=list(row))


@AWAY
def test_without_kafka_live_is_stale_and_the_other_pages_are_in_doubt(
    platform: Platform, shown: Shown, look: Callable[..., Page], shop: Shop, away: Any
) -> None:
    live = look(f"page=live&currency={CURRENCY}")
    sales = look_at(live.context.new_page(), f"{shown.url}/?page=sales&currency={CURRENCY}")
    shop.sells(7_000, Decimal(5))
    wait_for_figure(live, "orders", 7_000)
    live.evaluate("window.isTheSame = true")
    net = figure(sales, "net")
    with away(platform, "kafka"):
        wait_for(live, "document.querySelector('[data-tile=net]').dataset.state === 'stale'")
        stale = f"Not up to date since {TIME}: Kafka does not answer. This page tries again by itself."
        assert all(re.fullmatch(stale, text) for text in texts(live, ".tile:not([data-tile=alerts]) .caution"))
        assert figure(live, "orders") == 7_000
        wait_for_at_each_look(sales, f"{KAFKA_IS_NAMED} && {NET_IS_IN_DOUBT}")
        assert figure(sales, "net") == net

    wait_until_nothing_is_stale(live)
    shop.sells(7_001, Decimal(6))
    wait_for_figure(live, "orders", 7_001)
    assert figure(live, "net") == Decimal(6)
    assert live.evaluate(SAME_PAGE)
    wait_for_at_each_look(sales, f"!{KAFKA_IS_NAMED}")
    assert states(sales) & {"stale", "error"} == set()
