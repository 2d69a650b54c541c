"""A simulated shop of five weeks that end now, its dashboard, and a browser that looks at it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page

from connections.clickhouse import SYSTEM_DATABASE, connected
from coordination.waiting import wait_until
from dashboards.queries import run
from operations.migrate import migrate_tables
from schemas.settings import Settings
from simulator.plan import Plan
from tests.integration.dashboards.page.service import serving
from tests.support.browsers import chromium
from tests.support.simulated_tables import fill_tables, rows_of
from tests.support.workers import GroupResources

ZONE = "Europe/London"
DAYS = 70
EVENTS = 5_000
SECONDS = 60.0
LOADING = "[data-state=loading], [data-state=reloading]"


@dataclass(frozen=True)
class Shown:
    """The simulated shop and where its dashboard is."""

    settings: Settings
    port: int
    today: date

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rows(self, name: str, first: date, last: date, **given: str) -> list[dict[str, Any]]:
        """What ``./shop query`` gives."""
        answer = run(self.settings, name, first, last, given)
        return rows_of(answer.columns, answer.rows)


def wait_for(page: Page, script: str, arg: Any = None, within_seconds: float = SECONDS) -> None:
    """Wait until a script gives true; Playwright's own wait needs eval, which the page's policy forbids."""
    wait_until(
        lambda: bool(page.evaluate(script, arg)),
        within_seconds,
        lambda: AssertionError(f"never true: {script} {arg}"),
        sleep=lambda seconds: page.wait_for_timeout(seconds * 1000),
        poll_seconds=0.02,
    )


@pytest.fixture(scope="session")
def browser(group_resources: GroupResources) -> Browser:
    return group_resources.hold(chromium())


@pytest.fixture(scope="session")
def shown(platform: Any, browser: Browser, group_resources: GroupResources) -> Shown:  # no browser, no shop
    return group_resources.hold(shown_shop(platform.settings))


@contextmanager
def shown_shop(platform: Settings) -> Iterator[Shown]:
    name = f"page_{uuid.uuid4().hex[:10]}"
    settings = platform.model_copy(update={"clickhouse_database": name, "time_zone": ZONE})
    migrate_tables(settings, wait_seconds=30)
    now = datetime.now(UTC)
    today = now.astimezone(ZoneInfo(ZONE)).date()
    plan = Plan(EVENTS, seed=7, start=today - timedelta(days=DAYS - 1), days=DAYS, time_zone=ZONE)
    fill_tables(settings, plan, int(now.timestamp() * 1000))
    with serving(settings) as port:
        yield Shown(settings, port, today)
    with connected(settings, SYSTEM_DATABASE) as client:
        client.command(f"DROP DATABASE {name} SYNC")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a viewer in Britain; what goes wrong in it fails the test."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
    made = context.new_page()
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    made.on("console", lambda message: errors.append(message.text) if "Content Security" in message.text else None)
    yield made
    context.close()
    assert errors == []


@pytest.fixture
def look(shown: Shown, page: Page) -> Callable[..., Page]:
    """Opens a page of the dashboard, and waits until every tile has something to say."""

    def opened(query: str, base: str = shown.url) -> Page:
        page.goto(f"{base}/?{query}")
        page.wait_for_selector(".tile, .explored", state="attached")
        wait_for(page, f"!document.querySelector('{LOADING}')")
        return page

    return opened
