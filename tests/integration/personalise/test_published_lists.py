"""How long the lists of models stay in a real Redis (ADR 0027)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recommender.publishing.live import GRACE, NEVER_EXPIRES, LiveModels
from recommender.ranking import Rules
from schemas.redis_keys import (
    ACTIVE_MODEL,
    LIVE_MODELS,
    POPULAR,
    bought_together,
    category_popular,
    personalized,
    popular,
    published,
    similar,
)
from tests.support.models import manifest_of, served_model
from tests.support.serving import RedisProcess

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TTL_SECONDS = 1_000


class Shop:
    """A Redis, in which models are promoted one after the other."""

    def __init__(self, redis: Any) -> None:
        self.redis = redis
        self.live = LiveModels(redis, Rules(5, True), TTL_SECONDS)
        self.now = NOW

    def publish(self, version: str) -> None:
        self.live.publish(served_model(version), self.now)

    def promote(self, version: str) -> None:
        """As ``Promotions`` does, a minute after the one before."""
        self.now += timedelta(minutes=1)
        if not self.live.is_published(version):
            self.publish(version)
        self.live.activate(version, self.now)

    def lives(self, version: str) -> set[int]:
        """How long the keys of a version have to live."""
        return {self.redis.ttl(key) for key in self.redis.scan_iter(f"rec:{version}:*")}


@pytest.fixture
def shop(redis_process: RedisProcess) -> Shop:
    redis_process.client.flushall()
    return Shop(redis_process.client)


def test_the_lists_of_the_active_model_do_not_expire(shop: Shop) -> None:
    shop.promote("m1")
    assert shop.lives("m1") == {NEVER_EXPIRES}
    keys = (personalized("m1", "ben"), similar("m1", "p3"), bought_together("m1", "p3"), published("m1"))
    assert all(shop.redis.exists(key) for key in keys)


def test_its_mark_says_when_the_model_was_made(shop: Shop) -> None:
    made = served_model("m1")
    shop.live.publish(replace(made, manifest=replace(manifest_of("m1", made.model), created_at=NOW)), NOW)
    assert shop.redis.get(published("m1")) == b"2026-11-21T12:00:00.000Z"


def test_the_lists_of_a_replaced_model_expire_with_those_of_users_who_came_later(shop: Shop) -> None:
    shop.promote("m1")
    later = personalized("m1", "came later")
    of_the_stream = (POPULAR, popular("7d"), category_popular("Tea"))
    for key in (later, *of_the_stream):
        shop.redis.set(key, b"{}")
    shop.promote("m2")
    assert 0 < shop.redis.ttl(later) <= TTL_SECONDS
    assert all(0 < seconds <= TTL_SECONDS for seconds in shop.lives("m1"))
    assert shop.redis.ttl(published("m1")) < shop.redis.ttl(later)
    assert shop.lives("m2") == {NEVER_EXPIRES}
    assert {shop.redis.ttl(key) for key in of_the_stream} == {NEVER_EXPIRES}


def test_a_time_to_live_is_not_extended_by_further_promotions(shop: Shop) -> None:
    shop.promote("m1")
    shop.promote("m2")
    shop.redis.expire(personalized("m1", "ben"), 60)
    shop.promote("m3")
    assert shop.redis.ttl(personalized("m1", "ben")) <= 60


def test_lists_of_a_model_that_comes_back_stay(shop: Shop) -> None:
    for version in ("m1", "m2", "m1"):
        shop.promote(version)
    assert (shop.lives("m1"), shop.live.active()) == ({NEVER_EXPIRES}, "m1")
    assert all(seconds > 0 for seconds in shop.lives("m2"))


def test_a_model_that_was_published_and_never_became_active_expires_with_the_next_promotion(shop: Shop) -> None:
    shop.publish("m1")
    assert shop.lives("m1") == {NEVER_EXPIRES}
    shop.promote("m2")
    assert all(0 < seconds <= TTL_SECONDS for seconds in shop.lives("m1"))
    shop.live.retire_due(NOW + 2 * GRACE)
    assert shop.redis.smembers(LIVE_MODELS) == {b"m2"}


def test_lists_of_an_interrupted_promotion_stay_once_it_is_done_again(shop: Shop) -> None:
    shop.promote("m1")
    shop.promote("m2")
    shop.redis.set(ACTIVE_MODEL, "m1")  # and no more: its lists still expire
    shop.promote("m1")
    assert shop.lives("m1") == {NEVER_EXPIRES}


def test_lists_that_an_earlier_release_let_expire_stay_once_their_model_is_promoted_again(shop: Shop) -> None:
    shop.promote("m1")
    for key in shop.redis.scan_iter("rec:m1:*"):
        shop.redis.expire(key, 60)
    shop.promote("m1")
    assert shop.lives("m1") == {NEVER_EXPIRES}
