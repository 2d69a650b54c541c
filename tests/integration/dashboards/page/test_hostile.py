"""What users send is shown, never run: markup, right-to-left text, emoji, very long texts."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from connections.clickhouse import connected
from tests.integration.dashboards.page.conftest import Shown

pytestmark = pytest.mark.platform

MARKUP = '<img src=x onerror="window.wasRun = true"><script>window.wasRun = true</script>'
ARABIC = "سماعة لاسلكية"
EMOJI = "👩‍👩‍👧 🧸"
LONG = "teapot " * 1_400
HOSTILE = (MARKUP, ARABIC, EMOJI, LONG.strip())


@pytest.fixture(scope="module")
def searched(shown: Shown) -> None:
    columns = ("day", "query", "searches", "zero_results", "clicks")
    rows = [(shown.today, text, 1_000_000 - number, 500_000, 1) for number, text in enumerate(HOSTILE)]
    with connected(shown.settings, shown.settings.clickhouse_database) as client:
        client.insert("search_queries_daily_versions", rows, column_names=columns)


@pytest.mark.usefixtures("searched")
@pytest.mark.parametrize("width", [360, 1440])
def test_searches_are_shown_as_they_are(look: Callable[..., Page], page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    look("page=search&range=day")
    names = page.eval_on_selector_all("[data-tile=queries] .bar-name", "all => all.map(each => each.textContent)")
    assert tuple(names[:4]) == HOSTILE
    assert page.query_selector("main img, main script") is None
    assert page.evaluate("window.wasRun") is None
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("[data-tile=queries] .tile-open", position={"x": 2, "y": 2})
    page.wait_for_selector("dialog[open] tbody tr")
    assert page.query_selector("dialog img, dialog script") is None


def test_an_address_is_not_run_either(look: Callable[..., Page]) -> None:
    page = look(f"page=products&product={quote(MARKUP)}&range={quote(MARKUP)}&currency={quote(MARKUP)}")
    assert page.inner_text(".product-head h2") == MARKUP
    assert page.query_selector("main img, main script") is None
    assert page.evaluate("window.wasRun") is None


def test_scripts_within_the_page_are_forbidden(shown: Shown, page: Page) -> None:
    other = page.context.new_page()
    refused: list[str] = []
    other.on("console", lambda message: refused.append(message.text))
    other.goto(f"{shown.url}/?page=sales")
    added = """() => {
        const script = document.createElement("script");
        script.textContent = "window.wasRun = true";
        document.body.append(script);
        return window.wasRun === undefined;
    }"""
    assert other.evaluate(added)
    assert any("Content Security Policy" in text for text in refused)
