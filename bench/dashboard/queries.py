"""How long each query takes over two years of aggregates and many raw events, in a database of its own that is dropped.

    python -m bench.dashboard.queries --events 10000000 --rounds 20

asks the ClickHouse of a running platform (SHOP_PORT_BASE), of which it needs no other part. Each query is asked for the
last 28 days, as a page opens with, and for the two years. Exit code 1: a p95 of a query that a page asks is over the
limit. On a busy machine look at the CPU seconds: a query on an idle core takes no longer than those.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import re
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import psutil

from bench.dashboard.processes import cpu_seconds, listener_of
from bench.dashboard.rows import DATABASE, FIRST, LAST, MONTH, drop, fill, is_there
from connections.errors import DependencyUnavailable, StatementRefused
from dashboards.queries import queries
from dashboards.questions import Query
from dashboards.service.clickhouse import TOO_MANY_ROWS, ClickHouse
from operations.migrate import migrate_tables
from schemas.settings import Settings

LIMIT_SECONDS: Final = 0.150
RANGES: Final = {"28 days": MONTH, "two years": FIRST}
ANY_DAYS: Final = "any"
PAGES: Final = Path(__file__).parents[2] / "dashboards" / "page"
_ASKED: Final = re.compile(r'(?<!definition\()"(\w+)"')
PRODUCT: Final = "p7"
CHOICES: Final = {
    "products_top": ({"currency": "GBP", "order": "any"}, {"product": PRODUCT}),
    "products_totals": ({}, {"product": PRODUCT}),
    "product_by_day": ({"product": PRODUCT},),
    "visits_by_member": ({}, {"dimension": "entry_page"}),
    "rfm_segments": ({"currency": "GBP"},),
    "customers_top": ({"currency": "GBP"},),
    "cohorts_by_first_visit": ({}, {"period": "month"}),
}
"""What the pages choose, where it decides how much is read."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question.

    Attributes:
        query: The query.
        days: The range, in words.
        given: Its parameters.
    """

    query: Query
    days: str
    given: dict[str, str]

    @property
    def name(self) -> str:
        """The query's name, and what is chosen."""
        chosen = [f"{name}={text}" for name, text in self.given.items() if name not in ("from", "to")]
        return " ".join([self.query.name, *chosen])


@dataclass(frozen=True, slots=True)
class Measured:
    """What one question took: seconds, and CPU seconds of ClickHouse, which others on the machine change less.

    ``is_asked``: a page asks it.
    """

    name: str
    days: str
    is_asked: bool
    p50: float
    p95: float
    cpu: float


def cases(only: str) -> list[Case]:
    """Every query over each range that it can be asked for."""
    chosen = [each for each in queries().values() if only in each.name]
    return [
        Case(query, days, more | ({"from": first, "to": LAST} if days != ANY_DAYS else {}))
        for query in chosen
        for more in CHOICES.get(query.name, ({},))
        for days, first in (RANGES if _has_days(query) else {ANY_DAYS: ""}).items()
    ]


def asked_by_pages() -> frozenset[str]:
    """The names that stand in a page's code, but for those of which it shows the definition alone."""
    return frozenset(name for page in PAGES.rglob("*.js") for name in _ASKED.findall(page.read_text(encoding="utf-8")))


def _has_days(query: Query) -> bool:
    return any(each.name == "from" for each in query.parameters)


async def measure(settings: Settings, asked: Iterable[Case], rounds: int) -> AsyncIterator[Measured]:
    """Each question, with a line of what it took."""
    clickhouse = ClickHouse(settings)
    server = listener_of(settings.port("clickhouse"))
    of_pages = asked_by_pages()
    for case in asked:
        is_asked = case.query.name in of_pages
        try:
            measured = await measure_one(clickhouse, server, case, rounds, is_asked)
        except DependencyUnavailable as error:
            measured = Measured(case.name, case.days, is_asked, math.inf, math.inf, math.inf)
            print(error, flush=True)
        except StatementRefused as error:
            if error.code != TOO_MANY_ROWS:
                raise
            print(f"{case.name:<44} {case.days:<10} more rows than are answered", flush=True)
            continue
        print(line(measured), flush=True)
        yield measured
    await clickhouse.close()


async def measure_one(
    clickhouse: ClickHouse, server: psutil.Process, case: Case, rounds: int, is_asked: bool
) -> Measured:
    """One question, after one answer that is not counted."""
    await once(clickhouse, case)
    seconds, cpu = [], []
    for _ in range(rounds):
        before = cpu_seconds(server)
        seconds.append(await once(clickhouse, case))
        cpu.append(cpu_seconds(server) - before)
    p95 = sorted(seconds)[min(rounds - 1, round(rounds * 0.95))]
    return Measured(case.name, case.days, is_asked, median(seconds), p95, median(cpu))


async def once(clickhouse: ClickHouse, case: Case) -> float:
    """The seconds of one answer."""
    values = case.query.values(case.given, "Europe/London")
    started = time.perf_counter()
    await clickhouse.ask(case.query.sql, values)
    return time.perf_counter() - started


def line(each: Measured) -> str:
    """One row of the table, in milliseconds."""
    return (
        f"{each.name:<44} {each.days:<10} {each.p50 * 1e3:>8.1f} {each.p95 * 1e3:>8.1f} {each.cpu * 1e3:>8.1f}"
        f"{'  over the limit' if each.p95 > LIMIT_SECONDS else ''}{'' if each.is_asked else '  (no page)'}"
    )


def report(measured: Sequence[Measured]) -> int:
    """Print all, the slowest first; the exit code."""
    print(f"\n{'query':<44} {'days':<10} {'p50 ms':>8} {'p95 ms':>8} {'CPU ms':>8}")
    for each in sorted(measured, key=lambda each: -each.p95):
        print(line(each))
    for days in dict.fromkeys(each.days for each in measured):
        of_days = [each for each in measured if each.days == days]
        slowest, costliest = max(of_days, key=lambda each: each.p95), max(of_days, key=lambda each: each.cpu)
        print(
            f"{days}: the slowest of {len(of_days)} is {slowest.name}, p95 {slowest.p95 * 1e3:.1f} ms; "
            f"the costliest is {costliest.name}, {costliest.cpu * 1e3:.1f} ms of CPU"
        )
    over = [f"{each.name} ({each.days})" for each in measured if each.is_asked and each.p95 > LIMIT_SECONDS]
    costly = [f"{each.name} ({each.days})" for each in measured if each.cpu > LIMIT_SECONDS]
    print(f"CPU over {LIMIT_SECONDS * 1e3:.0f} ms: {', '.join(costly) or 'none'}")
    print(f"asked by a page, p95 over {LIMIT_SECONDS * 1e3:.0f} ms: {', '.join(over) or 'none'}")
    return 1 if over else 0


async def run(settings: Settings, only: str, rounds: int) -> int:
    """Measure all and report; the exit code."""
    print(f"{'query':<44} {'days':<10} {'p50 ms':>8} {'p95 ms':>8} {'CPU ms':>8}")
    return report([each async for each in measure(settings, cases(only), rounds)])


def main(arguments: argparse.Namespace) -> int:
    """Fill the database where it was not kept, measure, drop it; the exit code."""
    settings = Settings(clickhouse_database=DATABASE, time_zone="Europe/London")
    is_kept = is_there(settings)
    migrate_tables(settings, wait_seconds=30)
    if not is_kept:
        fill(settings, arguments.events)
    code = asyncio.run(run(settings, arguments.only, arguments.rounds))
    if not arguments.keep:
        drop(settings)
    return code


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="", help="queries whose name has this")
    parser.add_argument("--keep", action="store_true", help="keep the database, and use the one that was kept")
    sys.exit(main(parser.parse_args()))
