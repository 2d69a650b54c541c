"""Everybody can use the pages: axe finds nothing severe, and the keyboard is enough."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.support.axe import severe_issues, source
from tests.support.dashboard_pages import wait_for

pytestmark = pytest.mark.platform

PAGES = (
    *("live", "sales", "products", "customers", "visits"),
    *("search", "payments", "recommendations", "explorer", "pipeline"),
)


@pytest.fixture(scope="module")
def axe() -> str:
    return source()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_severe_issue(look: Callable[..., Page], page: Page, axe: str, name: str, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    assert severe_issues(look(f"page={name}&currency=EUR"), axe) == []


def test_axe_finds_no_severe_issue_in_an_open_table(look: Callable[..., Page], axe: str) -> None:
    page = look("page=sales&currency=EUR&table=net")
    page.wait_for_selector("dialog[open] tbody tr")
    assert severe_issues(page, axe) == []


@pytest.mark.parametrize("width", [360, 2560])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_the_window(look: Callable[..., Page], page: Page, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    look(f"page={name}&currency=EUR")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_keyboard_reaches_a_table_and_leaves_it(look: Callable[..., Page]) -> None:
    page = look("page=sales&currency=EUR")
    _tab_to(page, "Net revenue")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    wait_for(page, "!document.querySelector('dialog').open")
    assert page.evaluate("document.activeElement.textContent") == "Net revenue"


def test_the_keyboard_goes_to_another_page(look: Callable[..., Page]) -> None:
    page = look("page=sales&currency=EUR")
    _tab_to(page, "Payments")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-tile=success][data-state=ready]")
    assert "page=payments" in page.url
    assert "currency=EUR" in page.url


def test_arrow_keys_read_a_chart_aloud(look: Callable[..., Page]) -> None:
    page = look("page=sales&currency=EUR")
    page.focus("[data-tile=net] .plot")
    page.keyboard.press("Home")
    first = page.inner_text("[data-tile=net] [aria-live]")
    page.keyboard.press("ArrowRight")
    second = page.inner_text("[data-tile=net] [aria-live]")
    cells = page.eval_on_selector_all(
        "[data-tile=net] .unseen tbody tr", "rows => rows.map(row => row.cells[1].textContent)"
    )
    assert first != second
    assert f"Net revenue {cells[0]}" in first
    assert f"Net revenue {cells[1]}" in second


def _tab_to(page: Page, text: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == text:
            return
    message = f"the keyboard does not reach {text}"
    raise AssertionError(message)
