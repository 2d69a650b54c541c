"""Redis stopped, silent, emptied, its connections cut, while requests come in: no 5xx, and back within seconds."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx
import pytest
import redis

from tests.support.serving import RedisProcess, Service, Shelf, eventually, service_of

pytestmark = pytest.mark.fault

CLIENTS = 4
OPEN_WITHIN_SECONDS = 1.0
BACK_WITHIN_SECONDS = 5.0
USERS = 50
PATHS = (
    *(f"/v1/recommend/user-{n}" for n in range(USERS)),
    "/v1/recommend/nobody?n=20",
    "/v1/recommend/user-1?category=Tea",
    "/v1/items/p1/similar",
    "/v1/popular",
)


@dataclass
class Load:
    """The answers to clients that never stop sending requests.

    Attributes:
        statuses: How often which status came.
        sources: When which source was answered, by the monotonic clock.
        empty: Answers without products.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    sources: list[tuple[float, str]] = field(default_factory=list)
    empty: int = 0

    def when(self, is_expected: Callable[[str], bool], since: float) -> float | None:
        """How long after ``since`` the first such source was answered."""
        return next((at - since for at, source in self.sources if at >= since and is_expected(source)), None)


@contextmanager
def under_load(service: Service) -> Iterator[Load]:
    load, stopping = Load(), threading.Event()

    def send(offset: int) -> None:
        with httpx.Client(base_url=service.url, timeout=30, trust_env=False) as http:
            number = offset
            while not stopping.is_set():
                answer = http.get(PATHS[number % len(PATHS)])
                number += 1
                load.statuses[answer.status_code] += 1
                if answer.status_code == 200:
                    load.sources.append((time.monotonic(), answer.json()["source"]))
                    load.empty += not answer.json()["items"]

    threads = [threading.Thread(target=send, args=(n * 13,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    yield load
    stopping.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path_factory.mktemp("redis"))
    process.start()
    yield process
    process.close()


@pytest.fixture(scope="module")
def service(own_redis: RedisProcess) -> Iterator[Service]:
    fill(own_redis)
    with service_of(own_redis.url).running() as service:
        for path in PATHS:  # memory knows what was requested before
            service.get(path)
        yield service


def fill(process: RedisProcess) -> None:
    shelf = Shelf(process.client)
    shelf.activate("m1")
    for n in range(USERS):
        shelf.personal(f"user-{n}", [f"p{n + k}" for k in range(20)])
    items = [f"p{n}" for n in range(100)]
    for item in items:
        shelf.product(item, category="Tea")
    shelf.popular(items)
    shelf.trending(items[:30])
    shelf.newest(items[::-1])
    shelf.unavailable("p0")


def stop(process: RedisProcess) -> None:
    process.kill()


def start(process: RedisProcess) -> None:
    process.start()


def freeze(process: RedisProcess) -> None:
    process.signal(signal.SIGSTOP)


def thaw(process: RedisProcess) -> None:
    time.sleep(1)  # with the second that the breaker is given, two
    process.signal(signal.SIGCONT)


@pytest.mark.parametrize(("fail", "repair"), [(stop, start), (freeze, thaw)], ids=["stopped", "silent for 2 s"])
def test_redis_away_under_load_is_no_error(
    own_redis: RedisProcess,
    service: Service,
    fail: Callable[[RedisProcess], None],
    repair: Callable[[RedisProcess], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    openings = service.metric("breaker_openings_total")
    with under_load(service) as load:
        eventually(lambda: load.when(lambda source: source == "personal", 0) is not None)
        failed_at = time.monotonic()
        fail(own_redis)
        eventually(lambda: service.metric("breaker_openings_total") > openings)
        opened = time.monotonic() - failed_at
        eventually(lambda: load.when(lambda source: source == "memory", failed_at) is not None)
        time.sleep(max(0.0, 1 - opened))
        repair(own_redis)
        repaired_at = time.monotonic()
        eventually(lambda: load.when(lambda source: source == "personal", repaired_at) is not None)
        back = load.when(lambda source: source == "personal", repaired_at)
        time.sleep(0.5)
    tell(capsys, f"breaker open after {opened:.2f} s, personal again {back:.2f} s after it was back", load)
    assert set(load.statuses) == {200}
    assert load.empty == 0
    assert opened < OPEN_WITHIN_SECONDS
    assert back is not None
    assert back < BACK_WITHIN_SECONDS


def test_an_emptied_redis_is_served_from_memory(
    own_redis: RedisProcess, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    with under_load(service) as load:
        own_redis.client.flushall()
        emptied_at = time.monotonic()
        eventually(lambda: load.when(lambda source: source == "memory", emptied_at + 0.5) is not None)
        time.sleep(1)
        during = {source for at, source in load.sources if at > emptied_at + 0.5}
        fill(own_redis)
        filled_at = time.monotonic()
        eventually(lambda: load.when(lambda source: source == "personal", filled_at) is not None)
        back = load.when(lambda source: source == "personal", filled_at)
    tell(capsys, f"personal again {back:.2f} s after it was filled", load)
    assert set(load.statuses) == {200}
    assert load.empty == 0
    assert during == {"memory"}


def test_connections_that_are_cut_are_made_again(
    own_redis: RedisProcess, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    with under_load(service) as load:
        for _ in range(10):
            with suppress(redis.ResponseError):
                own_redis.client.client_kill_filter(_type="normal", skipme=True)
            time.sleep(0.2)
        cut_at = time.monotonic()
        eventually(lambda: load.when(lambda source: source == "personal", cut_at) is not None)
        back = load.when(lambda source: source == "personal", cut_at)
    tell(capsys, f"personal again {back:.2f} s after the last cut", load)
    assert set(load.statuses) == {200}
    assert load.empty == 0
    assert back is not None
    assert back < BACK_WITHIN_SECONDS


def tell(capsys: pytest.CaptureFixture[str], what: str, load: Load) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{what}; {load.statuses.total()} requests, by status: {dict(load.statuses)}\n")
