"""The live page: it follows what happens, says what it does not know, and is right again afterwards."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.integration.dashboards.page.present import Shop
from tests.integration.dashboards.page.service import Relay
from tests.support.dashboard_pages import figure, states, wait_for_figure, wait_until_nothing_is_stale

pytestmark = pytest.mark.platform

ORDERS = "[data-tile=orders] .figure"
MEASURED = 100
EVERY_MS = 40
SHOWN_MS = 1_000
STALE_MS = 3_000
NOTE_WHEN_SHOWN = """tile => {
    const figure = document.querySelector(tile);
    window.shown = [];
    const note = () => window.shown.push([Number(figure.dataset.value), Date.now()]);
    new MutationObserver(note).observe(figure, { attributeFilter: ["data-value"] });
}"""


def test_a_new_order_shows_within_a_second(live: Page, shop: Shop, capsys: Any) -> None:
    """A page draws at most four times a second, so one figure may be the first that has several orders."""
    shop.sells(1_000, Decimal("1.0000"))
    wait_for_figure(live, "orders", 1_000)
    live.evaluate(NOTE_WHEN_SHOWN, ORDERS)
    sent = {}
    for orders in range(1_001, 1_001 + MEASURED):
        sent[orders] = time.time() * 1000
        shop.sells(orders, Decimal(orders))
        live.wait_for_timeout(EVERY_MS)
    wait_for_figure(live, "orders", 1_000 + MEASURED)

    shown = live.evaluate("window.shown")
    assert shown == sorted(shown), "a figure went back"
    waited = sorted(next(at for value, at in shown if value >= orders) - ms for orders, ms in sent.items())
    with capsys.disabled():
        p50, p99 = waited[MEASURED // 2], waited[MEASURED - 2]
        sys.stdout.write(f"\norder to page, {MEASURED} orders: p50 {p50 / 1000:.3f} s, p99 {p99 / 1000:.3f} s\n")
    assert waited[MEASURED // 2] < SHOWN_MS
    assert figure(live, "net") == 1_000 + MEASURED


def test_silence_is_a_lost_connection_and_recovers(live: Page, shop: Shop, relay: Relay) -> None:
    shop.sells(2_000, Decimal(5))
    wait_for_figure(live, "orders", 2_000)
    live.wait_for_timeout(1_500)  # a beat was heard
    relay.silence()
    began = time.monotonic()
    live.wait_for_selector("[data-tile=orders][data-state=stale]", timeout=10_000)
    seconds = time.monotonic() - began
    assert seconds < STALE_MS / 1000 + 0.5
    assert "Not up to date since" in live.inner_text("[data-tile=orders] .caution")
    shop.sells(2_001, Decimal(6))
    live.wait_for_timeout(500)
    assert live.get_attribute(ORDERS, "data-value") == "2000"
    relay.restore()
    wait_for_figure(live, "orders", 2_001)
    wait_until_nothing_is_stale(live)


def test_a_connection_that_ends_is_stale_at_once_and_comes_back(live: Page, shop: Shop, relay: Relay) -> None:
    shop.sells(3_000, Decimal(5))
    wait_for_figure(live, "orders", 3_000)
    relay.cut()
    live.wait_for_selector("[data-tile=net][data-state=stale]", timeout=STALE_MS)
    assert "connection lost" in live.inner_text(".freshness")
    shop.sells(3_001, Decimal(6))
    relay.restore()
    wait_for_figure(live, "orders", 3_001)
    wait_until_nothing_is_stale(live)
    assert "stale" not in states(live)


def test_a_page_that_was_without_connection_for_a_minute_is_right_again(live: Page, shop: Shop, relay: Relay) -> None:
    """The minute passes by the page's clock; what happens in it are twenty changes and a row that goes."""
    shop.sells(6_000, Decimal(5))
    wait_for_figure(live, "orders", 6_000)
    relay.cut()
    live.wait_for_selector("[data-tile=net][data-state=stale]", timeout=STALE_MS)
    since = live.inner_text("[data-tile=net] .caution")
    for orders in range(6_001, 6_021):
        shop.sells(orders, Decimal(orders))
        live.evaluate("const now = Date.now; Date.now = () => now() + 3_000")
    shop.sells_nothing()
    shop.sells(17, Decimal("99.5000"))
    live.wait_for_timeout(1_000)
    assert figure(live, "orders") == 6_000
    assert live.inner_text("[data-tile=net] .caution") == since

    relay.restore()
    wait_for_figure(live, "orders", 17)
    assert figure(live, "net") == Decimal("99.5")
    wait_until_nothing_is_stale(live)


def test_a_sleeping_tab_seeds_again(live: Page, shop: Shop) -> None:
    shop.sells(4_000, Decimal(5))
    wait_for_figure(live, "orders", 4_000)
    with live.expect_response("**/api/live"):  # the clock leaps: the machine slept
        live.evaluate("const now = Date.now; Date.now = () => now() + 60_000")
    shop.sells(4_001, Decimal(6))
    wait_for_figure(live, "orders", 4_001)


def test_two_pages_show_the_same(live: Page, shop: Shop, look: Callable[..., Page]) -> None:
    other = live.context.new_page()
    other.goto(live.url)
    other.wait_for_selector(ORDERS)
    shop.sells(5_000, Decimal(5))
    wait_for_figure(live, "orders", 5_000)
    wait_for_figure(other, "orders", 5_000)
