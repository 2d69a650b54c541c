"""The dashboard in a real browser: opening its pages, waiting for them, and reading their figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from playwright.sync_api import Browser, Page

from coordination.waiting import wait_until
from dashboards.queries import run
from dashboards.questions import FIRST_DAY, LAST_DAY
from schemas.settings import Settings
from tests.support.simulated_tables import rows_of

SECONDS = 60.0
_LOADING = "[data-state=loading], [data-state=reloading]"
_CENT = Decimal("0.01")
_SHARE = Decimal("1e-9")


def wait_for(page: Page, script: str, arg: Any = None, within_seconds: float = SECONDS) -> None:
    """Wait until a script gives true; Playwright's own wait needs eval, which the page's policy forbids."""
    wait_until(
        lambda: bool(page.evaluate(script, arg)),
        within_seconds,
        lambda: AssertionError(f"never true: {script} {arg}"),
        sleep=lambda seconds: page.wait_for_timeout(seconds * 1000),
        poll_seconds=0.02,
    )


@contextmanager
def viewer(browser: Browser) -> Iterator[Page]:
    """A page of a viewer in Britain; what goes wrong in it fails the test."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Content Security" in message.text else None)
    yield page
    context.close()
    assert errors == []


def look_at(page: Page, url: str) -> Page:
    """Open an address of the dashboard, and wait until every tile has something to say."""
    page.goto(url)
    page.wait_for_selector(".tile, .explored", state="attached")
    wait_for(page, f"!document.querySelector('{_LOADING}')")
    return page


def query_rows(
    settings: Settings, name: str, first: date = FIRST_DAY, last: date = LAST_DAY, **given: str
) -> list[Any]:
    """What ``./shop query`` gives, each row by the names of its columns."""
    answer = run(settings, name, first, last, given)
    return rows_of(answer.columns, answer.rows)


def figure(page: Page, tile: str) -> Decimal | None:
    """The exact figure of a tile; None where it has none."""
    value = page.get_attribute(f"[data-tile='{tile}'] .figure", "data-value")
    return Decimal(value) if value else None


def wait_for_figure(page: Page, tile: str, value: int) -> None:
    """Wait until a tile has this figure."""
    has = "([tile, value]) => document.querySelector(`[data-tile=${tile}] .figure`).dataset.value === value"
    wait_for(page, has, [tile, str(value)])


def wait_until_nothing_is_stale(page: Page) -> None:
    """Wait until no tile says that it is not up to date."""
    wait_for(page, "!document.querySelector('[data-state=stale]')")


def texts(page: Page, selector: str) -> list[str]:
    """The texts of elements."""
    return [str(each) for each in page.eval_on_selector_all(selector, "all => all.map(each => each.textContent)")]


def states(page: Page) -> set[str]:
    """The states that the page's tiles are in."""
    return set(page.eval_on_selector_all(".tile", "all => all.map(each => each.dataset.state)"))


def total(of: Iterable[dict[str, Any]], *columns: str) -> Decimal:
    """The sum of columns."""
    return sum((Decimal(row[column] or 0) for row in of for column in columns), Decimal(0))


def amounts(written: Sequence[str]) -> list[Decimal]:
    """Amounts of money as the viewer sees them."""
    return [
        Decimal("".join(each for each in text.replace("\N{MINUS SIGN}", "-") if each in "-.0123456789"))
        for text in written
    ]


def in_cents(value: Decimal) -> Decimal:
    """An amount as it is written."""
    return value.quantize(_CENT, ROUND_HALF_UP)


def is_near(shown: Decimal | None, expected: Decimal) -> bool:
    """Whether a share, which the page divides by floating point, is the same to nine digits."""
    return shown is not None and abs(shown - expected) < _SHARE
