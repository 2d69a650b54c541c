"""Redis made anew with everything that it can hold: products, lists of the stream, histories, and a model's lists."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from connections.redis import connect
from flink.cluster import Cluster
from local.commands import run_shop
from local.faults.expectation import expect
from local.platform import Platform
from local.status import report
from operations.lag import wait_until_settled
from operations.rebuild.redis import wait_for_sink
from schemas.redis_keys import (
    ACTIVE_MODEL,
    LINKED,
    LIST_FRESHNESS,
    LIVE_MODELS,
    RETIRED_MODELS,
    SINK_OFFSETS,
    UNAVAILABLE_REVISION,
    list_revision,
)
from tests.support.lists import without_generated_at
from tests.support.platforms import JOBS_BEHIND_REDIS

pytestmark = [pytest.mark.platform, pytest.mark.timeout(2400)]

WAIT_SECONDS = 600
STILL_SECONDS = 8.0
"""In which nothing changes once everything is there."""

BOOKKEEPING = (LIST_FRESHNESS, RETIRED_MODELS, SINK_OFFSETS, UNAVAILABLE_REVISION)
"""What no reader is served from: how far and how fast a writer came, and how often something changed."""

REVISIONS = list_revision("*")
"""The same of each linked user."""

READ_AS = {b"string": "get", b"set": "smembers", b"hash": "hgetall"}


@pytest.fixture(scope="module")
def shop(platform_behind_redis: Platform) -> Platform:
    simulate(platform_behind_redis, seed=3)
    settle(platform_behind_redis)  # a training reads what is counted when it is submitted
    run(platform_behind_redis, "submit", "training")
    simulate(platform_behind_redis, seed=4)
    settle(platform_behind_redis)
    return platform_behind_redis


def run(shop: Platform, *arguments: str) -> None:
    done = run_shop(shop.settings, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def simulate(shop: Platform, seed: int) -> None:
    run(shop, "simulate", "--events", "3000", "--seed", str(seed))


def settle(shop: Platform) -> None:
    """Wait until everything is counted, and Redis holds what follows from it."""
    wait_until_settled(shop.settings, lambda _lag: None, WAIT_SECONDS)

    def stands_still() -> bool:
        wait_for_sink(shop.settings, WAIT_SECONDS, lambda _line: None)
        before = content(shop.settings.redis_url)
        time.sleep(STILL_SECONDS)
        return content(shop.settings.redis_url) == before

    expect("Redis changes no more", stands_still, WAIT_SECONDS)


def content(redis_url: str) -> dict[bytes, Any]:
    """Every key that somebody is served from, and what it holds, but for when a list was made: that is made anew."""
    with closing(connect(redis_url, 10.0)) as client:
        revisions = set(client.scan_iter(match=REVISIONS, count=1_000))
        names = sorted(set(client.scan_iter(count=1_000)) - {name.encode() for name in BOOKKEEPING} - revisions)
        with client.pipeline(transaction=False) as asked:
            for name in names:
                asked.type(name)
            kinds = asked.execute()
            for name, kind in zip(names, kinds, strict=True):
                if kind == b"zset":
                    asked.zrange(name, 0, -1, withscores=True)
                else:
                    getattr(asked, READ_AS[kind])(name)
            values = [without_generated_at(value) if isinstance(value, bytes) else value for value in asked.execute()]
            content = dict(zip(names, values, strict=True))
            linked = content.get(LINKED.encode(), [])
            return content | {LINKED.encode(): sorted(who for who, _ in linked)}  # not when each was last needed


def kinds_of(keys: dict[bytes, Any]) -> set[bytes]:
    return {name.partition(b":")[0] for name in keys}


def test_a_training_that_has_ended_hides_no_job(shop: Platform) -> None:
    with closing(Cluster(shop.settings)) as cluster:
        (training,) = (job for job in cluster.jobs() if job.name == "training")
        assert cluster.health(training.id).checkpoints == 0
    status = report(shop.settings)
    assert status.is_well
    assert {job.name for job in status.jobs} == set(JOBS_BEHIND_REDIS)
    assert all(job.health is not None and job.health.checkpoints > 0 for job in status.jobs)


def test_a_redis_that_was_emptied_and_one_of_the_past_hold_the_same_keys(shop: Platform) -> None:
    moment = datetime.now(UTC)
    then = content(shop.settings.redis_url)
    assert kinds_of(then) >= {b"product", b"rec", b"user"}
    assert {ACTIVE_MODEL.encode(), LIVE_MODELS.encode()} < then.keys()

    with closing(connect(shop.settings.redis_url, 10.0)) as client:
        client.flushall()
    run(shop, "rebuild", "redis")
    settle(shop)
    assert content(shop.settings.redis_url) == then

    simulate(shop, seed=5)
    settle(shop)
    assert content(shop.settings.redis_url) != then
    other = shop.settings.redis_url.removesuffix("/0") + "/1"
    run(shop, "rebuild", "redis", "--as-of", moment.strftime("%Y-%m-%dT%H:%M:%S.%f"), "--to-url", other)
    assert content(other) == then
