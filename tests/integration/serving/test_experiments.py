"""Two versions of a model behind two arms: what the read-out says is what a ledger of the same shoppers says."""

from __future__ import annotations

import math
import random
import statistics
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connections.clickhouse import SYSTEM_DATABASE, connected
from dashboards.queries import run
from operations.migrate import migrate_tables
from schemas.settings import Settings
from tests.support.serving import RedisProcess, Service, Shelf, eventually, ids, service_of

pytestmark = pytest.mark.platform

BEGINNING = datetime(2026, 11, 1, 12, tzinfo=UTC)
SHOPPERS = 240
Z = 1.959964
RULES = """
[experiment]
name = "ranking"
arms = [
  { name = "old", share = 0.4, model_version = "m1" },
  { name = "new", share = 0.4, model_version = "m2" },
  { name = "holdout", share = 0.1, holdout = true },
]
"""
COLUMNS = (
    "event_id",
    "event_type",
    "event_time",
    "user_id",
    "recommendation_id",
    "model_version",
    "recommendation_source",
    "experiment_arm",
    "product_id",
    "order_id",
    "currency",
    "value",
    "_batch",
)


@dataclass
class Shopper:
    """What the ledger knows of one user."""

    arm: str
    shown: int = 0
    clicked: int = 0
    orders: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    gross: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    net: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))


class Shop:
    """Shoppers who are shown recommendations, click, buy and send back; every event, and the ledger of what counts."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._random = random.Random(11)
        self.events: list[tuple[Any, ...]] = []
        self.ledger: dict[str, Shopper] = {}
        self.versions: dict[str, set[str]] = defaultdict(set)

    def visit(self, user: str) -> None:
        chance = self._random
        at = BEGINNING + timedelta(minutes=chance.randrange(10_000))
        self._order(user, at - timedelta(hours=1), counts=False)
        for _ in range(chance.randrange(1, 5)):
            at += timedelta(minutes=5)
            self._look(user, at)
        for _ in range(chance.choice([0, 0, 1, 2])):
            at += timedelta(minutes=5)
            self._order(user, at, counts=user in self.ledger)

    def _look(self, user: str, at: datetime) -> None:
        answer = self._service.recommend(user, n=5)
        arm = answer.get("experiment_arm", "")
        followed = (answer["recommendation_id"], answer["model_version"], answer["source"], arm)
        self._note("recommendation_shown", at, user, followed)
        clicks = self._random.choice([0, 0, 1, 2]) if "new" in arm else self._random.choice([0, 0, 0, 1])
        for item in ids(answer)[:clicks]:
            self._note("recommendation_clicked", at + timedelta(seconds=9), user, followed, item)
        if arm:
            self.versions[arm].add(answer["model_version"])
            shopper = self.ledger.setdefault(user, Shopper(arm.removeprefix("ranking:")))
            shopper.shown += 1
            shopper.clicked += clicks > 0

    def _order(self, user: str, at: datetime, counts: bool) -> None:
        order, currency = uuid.UUID(int=self._random.getrandbits(128)).hex, self._random.choice(["GBP", "GBP", "EUR"])
        gross = Decimal(self._random.randrange(1, 10**6)) / 10_000
        returned = gross / 2 if self._random.random() < 0.2 else Decimal(0)
        returned = returned.quantize(Decimal("0.0001"))
        self._note("purchase", at, user, order=(order, currency, gross))
        if returned:
            kind = self._random.choice(["refund", "order_cancelled"])
            self._note(kind, at + timedelta(hours=30), user, order=(order, currency, returned))
        if counts:
            shopper = self.ledger[user]
            shopper.orders[currency] += 1
            shopper.gross[currency] += gross
            shopper.net[currency] += gross - returned

    def _note(
        self,
        kind: str,
        at: datetime,
        user: str,
        followed: tuple[str, ...] = ("", "", "", ""),
        item: str = "",
        order: tuple[str, str, Decimal | None] = ("", "", None),
    ) -> None:
        self.events.append((f"e{len(self.events)}", kind, at, user, *followed, item, *order, "a test"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("experiments")
    (folder / "rules.toml").write_text(RULES)
    process = RedisProcess(folder)
    process.start()
    shelf = Shelf(process.client)
    shelf.activate("m1")
    shelf.trending([f"p{n}" for n in range(10)])
    for n in range(SHOPPERS):
        shelf.personal(f"user-{n}", [f"p{n % 7 + k}" for k in range(10)], "m1")
        shelf.personal(f"user-{n}", [f"p{n % 5 + 20 + k}" for k in range(10)], "m2")
    with service_of(process.url, serving_rules_file=str(folder / "rules.toml")).running() as running:
        eventually(lambda: running.metric("lists_in_memory") > 0)
        yield running
    process.close()


@pytest.fixture(scope="module")
def shop(service: Service) -> Shop:
    shop = Shop(service)
    for n in range(SHOPPERS):
        shop.visit(f"user-{n}")
    return shop


@pytest.fixture(scope="module")
def settings(platform: Any, shop: Shop) -> Iterator[Settings]:
    name = f"experiments_{uuid.uuid4().hex[:10]}"
    settings: Settings = platform.settings.model_copy(update={"clickhouse_database": name})
    migrate_tables(settings, wait_seconds=30)
    with connected(settings, name) as client:
        client.insert("events", shop.events, column_names=COLUMNS)
    yield settings
    with connected(settings, SYSTEM_DATABASE) as client:
        client.command(f"DROP DATABASE {name} SYNC")


def test_each_arm_got_its_model_and_the_holdout_none(shop: Shop) -> None:
    assert shop.versions == {"ranking:old": {"m1"}, "ranking:new": {"m2"}, "ranking:holdout": {""}}
    assert {shopper.arm for shopper in shop.ledger.values()} == {"old", "new", "holdout"}


def test_the_read_out_says_what_the_ledger_says(settings: Settings, shop: Shop) -> None:
    answer = run(settings, "experiments")
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    expected = [row_of(shop, arm, currency) for arm in ("holdout", "new", "old") for currency in ("EUR", "GBP")]
    assert [(row["arm"], row["currency"]) for row in rows] == [(row["arm"], row["currency"]) for row in expected]
    for row, expected_row in zip(rows, expected, strict=True):
        exact = {name: value for name, value in expected_row.items() if not isinstance(value, float)}
        assert {name: row[name] for name in exact} == exact
        about = {name: value for name, value in expected_row.items() if isinstance(value, float)}
        assert {name: row[name] for name in about} == pytest.approx(about, rel=1e-9, abs=1e-9)


def row_of(shop: Shop, arm: str, currency: str) -> dict[str, Any]:
    """A row of the read-out by plain arithmetic over the shoppers of an arm."""
    shoppers = [shopper for shopper in shop.ledger.values() if shopper.arm == arm]
    users = len(shoppers)
    shown, clicked = [s.shown for s in shoppers], [s.clicked for s in shoppers]
    rate = sum(clicked) / sum(shown)
    residuals = [c - rate * s for c, s in zip(clicked, shown, strict=True)]
    click_error = statistics.stdev(residuals) / math.sqrt(users) / statistics.fmean(shown)
    buyers = sum(1 for s in shoppers if s.orders)
    nets = [float(s.net.get(currency, 0)) for s in shoppers]
    net_error = statistics.stdev(nets) / math.sqrt(users)
    low, high = wilson(buyers, users)
    return {
        "experiment": "ranking",
        "arm": arm,
        "currency": currency,
        "users": users,
        "shown": sum(shown),
        "clicked": sum(clicked),
        "click_through": rate,
        "click_through_low": rate - Z * click_error,
        "click_through_high": rate + Z * click_error,
        "buyers": buyers,
        "conversion": buyers / users,
        "conversion_low": low,
        "conversion_high": high,
        "orders": sum(s.orders.get(currency, 0) for s in shoppers),
        "gross": sum((s.gross.get(currency, Decimal(0)) for s in shoppers), Decimal(0)),
        "net": sum((s.net.get(currency, Decimal(0)) for s in shoppers), Decimal(0)),
        "net_per_user": statistics.fmean(nets),
        "net_per_user_low": statistics.fmean(nets) - Z * net_error,
        "net_per_user_high": statistics.fmean(nets) + Z * net_error,
    }


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The roots p of (successes / trials - p)^2 = z^2 p (1 - p) / trials."""
    a, b, c = 1 + Z * Z / trials, -(2 * successes + Z * Z) / trials, (successes / trials) ** 2
    root = math.sqrt(b * b - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)
