"""A simulated shop of ten weeks that end now, its dashboard, and a browser that looks at it."""

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
from operations.migrate import migrate_tables
from schemas.settings import Settings
from simulator.plan import Plan
from tests.integration.dashboards.page.present import Shop, fill_the_present
from tests.integration.dashboards.page.service import Relay, serving
from tests.support.browsers import chromium
from tests.support.dashboard_pages import look_at, query_rows, viewer
from tests.support.simulated_tables import fill_tables
from tests.support.workers import GroupResources

ZONE = "Europe/London"
DAYS = 70
EVENTS = 5_000
REDIS_DATABASE = 7
"""Of the platform's Redis; the others have database 0."""


@dataclass(frozen=True)
class Shown:
    """The simulated shop and where its dashboard is."""

    settings: Settings
    port: int
    today: date

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last."""
        return self.today - timedelta(days=DAYS - 1), self.today

    def rows(self, name: str, first: date, last: date, **given: str) -> list[dict[str, Any]]:
        """What ``./shop query`` gives."""
        return query_rows(self.settings, name, first, last, **given)


@pytest.fixture(scope="session")
def browser(group_resources: GroupResources) -> Browser:
    return group_resources.hold(chromium())


@pytest.fixture(scope="session")
def shown(platform: Any, browser: Browser, group_resources: GroupResources) -> Shown:  # no browser, no shop
    return group_resources.hold(shown_shop(platform.settings))


@contextmanager
def shown_shop(platform: Settings) -> Iterator[Shown]:
    name = f"page_{uuid.uuid4().hex[:10]}"
    redis_url = platform.redis_url.rpartition("/")[0] + f"/{REDIS_DATABASE}"
    changes = {"clickhouse_database": name, "time_zone": ZONE, "redis_url": redis_url}
    settings = platform.model_copy(update=changes)
    migrate_tables(settings, wait_seconds=30)
    now = datetime.now(UTC)
    today = now.astimezone(ZoneInfo(ZONE)).date()
    plan = Plan(EVENTS, seed=7, start=today - timedelta(days=DAYS - 1), days=DAYS, time_zone=ZONE)
    fill_tables(settings, plan, int(now.timestamp() * 1000))
    fill_the_present(settings, now, today)
    with serving(settings) as port:
        yield Shown(settings, port, today)
    with connected(settings, SYSTEM_DATABASE) as client:
        client.command(f"DROP DATABASE {name} SYNC")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with viewer(browser) as made:
        yield made


@pytest.fixture
def look(shown: Shown, page: Page) -> Callable[..., Page]:
    """Opens a page of the dashboard, and waits until every tile has something to say."""

    def opened(query: str, base: str = shown.url) -> Page:
        return look_at(page, f"{base}/?{query}")

    return opened


@pytest.fixture
def shop(shown: Shown) -> Iterator[Shop]:
    with Shop.of(shown.settings, shown.today) as made:
        yield made
        made.sells_nothing()


@pytest.fixture
def relay(shown: Shown) -> Iterator[Relay]:
    made = Relay(shown.port)
    yield made
    made.close()


@pytest.fixture
def live(look: Callable[..., Page], relay: Relay) -> Page:
    return look("page=live&currency=EUR", f"http://127.0.0.1:{relay.port}")
