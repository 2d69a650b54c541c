"""How soon a page of the dashboard shows something, and how many bytes it loads.

    python -m bench.dashboard.paint --rounds 5

asks the dashboard of a running platform (SHOP_PORT_BASE) by the Chromium of this machine, each time with no cache.
Prints medians: the first contentful paint, the time until no tile waits for its figures, requests, and the bytes that
came over the network, headers included.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from statistics import median
from typing import Final

from playwright.sync_api import Browser

from schemas.settings import Settings
from tests.support.browsers import chromium
from tests.support.dashboard_pages import look_at, wait_for

PAGES: Final = (
    *("live", "sales", "products", "customers", "visits"),
    *("search", "payments", "recommendations", "explorer", "pipeline"),
)
FIRST_PAINT: Final = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
LOADED: Final = """(() => {
  const entries = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
  return [entries.length, entries.reduce((sum, entry) => sum + entry.transferSize, 0)];
})()"""


@dataclass(frozen=True, slots=True)
class Shown:
    """One opening of a page.

    Attributes:
        first_paint: Milliseconds until the first text or image.
        figures: Milliseconds until no tile waits any more.
        requests: How many.
        size: Bytes of the answers, with their headers.
    """

    first_paint: float
    figures: float
    requests: int
    size: int


def opened(browser: Browser, url: str) -> Shown:
    """Open a page in a browser without a cache."""
    context = browser.new_context()
    page = context.new_page()
    started = time.monotonic()
    look_at(page, url)
    figures = (time.monotonic() - started) * 1000
    wait_for(page, FIRST_PAINT)
    first_paint = page.evaluate(FIRST_PAINT)
    requests, size = page.evaluate(LOADED)
    context.close()
    return Shown(first_paint, figures, requests, size)


def run(rounds: int) -> None:
    """Open each page so often, and print the medians."""
    base = f"http://127.0.0.1:{Settings().port('dashboard')}"
    print(f"{'page':<16} {'first paint ms':>14} {'figures ms':>10} {'requests':>8} {'kB':>8}")
    with chromium() as browser:
        for name in PAGES:
            shown = [opened(browser, f"{base}/?page={name}") for _ in range(rounds)]
            print(
                f"{name:<16} {median(each.first_paint for each in shown):>14.0f} "
                f"{median(each.figures for each in shown):>10.0f} {median(each.requests for each in shown):>8.0f} "
                f"{median(each.size for each in shown) / 1000:>8.1f}",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    run(parser.parse_args().rounds)
