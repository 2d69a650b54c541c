"""Histories and lists in a real Redis, made by models of a real store."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from connections.errors import DependencyUnavailable
from recommender.publishing.freshness import FreshnessCounts
from recommender.publishing.people import Limits
from recommender.publishing.personaliser import Personaliser
from recommender.ranking import Rules
from recommender.store import ModelStore
from schemas.interactions import OF_HISTORIES, member
from schemas.list_freshness import MINUTES, field_of, freshness_of
from schemas.recommendations import Reason, RecommendationList, decode_list, item_ids, utc_text
from schemas.redis_keys import (
    LIST_FRESHNESS,
    LIVE_MODELS,
    LIVE_SECONDS,
    RETIRED_MODELS,
    UNAVAILABLE,
    UNAVAILABLE_REVISION,
    history,
    personalized,
)
from tests.support.models import ITEM_IDS, served_model
from tests.support.serving import RedisProcess

Event = tuple[str, str, int]
"""User, member, epoch milliseconds."""

T0_MS = 1_764_000_000_000
MADE_AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
LIMITS = Limits(history_items=6, history_seconds=3600)
RULES = Rules(5, excludes_bought=True)
USERS = ("ann", "ben", "eve")


def personaliser(
    client: Redis, store: ModelStore, rules: Rules = RULES, clock: Callable[[], datetime] = lambda: MADE_AT
) -> Personaliser:
    return Personaliser(client, store, rules, LIMITS, clock)


def update(worker: Personaliser, events: Sequence[Event]) -> int:
    users, members, times = zip(*events, strict=True)
    return worker.update(users, members, times)


def everything(redis: Any) -> dict[bytes, Any]:
    """Every key with its value; how long it still lives is not part of it."""
    return {
        key: redis.zrange(key, 0, -1, withscores=True) if redis.type(key) == b"zset" else redis.get(key)
        for key in redis.keys("*")
        if redis.type(key) in (b"zset", b"string")
    }


def list_of(redis: Any, user: str, version: str = "m1") -> RecommendationList:
    return decode_list(redis.get(personalized(version, user)))


def any_member(rng: random.Random, kind: str) -> str:
    order, event_id = rng.choice(["o1", "o2"]), rng.choice(["e1", "e2", "e3"])
    return member(kind, order, rng.choice([*ITEM_IDS, ""]), 1, "2.0000", event_id, rng.choice([1, 2]))


def test_the_same_events_leave_the_same_keys_in_whatever_order_and_however_often_they_come(
    client: Redis, redis: Any, store: ModelStore
) -> None:
    rng = random.Random(5)
    events = [
        (rng.choice(USERS), any_member(rng, rng.choice(OF_HISTORIES)), T0_MS + rng.randrange(20) * 1000)
        for _ in range(120)
    ]
    update(personaliser(client, store), events)
    expected = everything(redis)
    assert {key for key in expected if key.endswith(b"personalized")} <= {
        personalized("m1", user).encode() for user in USERS
    }
    assert all(len(value) == LIMITS.history_items for key, value in expected.items() if key.endswith(b"history"))

    for _ in range(5):
        shuffled = rng.sample([*events, *events[:40]], 160)
        redis.delete(*expected)
        worker = personaliser(client, store)
        for first in range(0, 160, 7):
            update(worker, shuffled[first : first + 7])
        update(worker, shuffled[:3])  # as after a restart from a checkpoint
        assert everything(redis) == expected


def test_a_list_names_the_newest_event_of_its_history_and_leaves_out_what_was_bought(
    client: Redis, redis: Any, store: ModelStore
) -> None:
    events = [("zoe", "purchase:p1", T0_MS + 5), ("zoe", "view_item:p0", T0_MS + 3), ("zoe", "view_item:none", T0_MS)]
    assert update(personaliser(client, store), events) == 1

    own_list = list_of(redis, "zoe")
    assert (utc_text(own_list.history_until), own_list.generated_at) == ("2025-11-24T16:00:00.005Z", MADE_AT)
    assert "p1" not in item_ids(own_list.items)
    assert "p3" in item_ids(own_list.items)  # ben bought it with p1

    update(personaliser(client, store, Rules(5, excludes_bought=False)), events[:1])
    assert "p1" in item_ids(list_of(redis, "zoe").items)


def test_what_is_undone_is_recommended_again_and_gives_no_reason(client: Redis, redis: Any, store: ModelStore) -> None:
    worker = personaliser(client, store)
    bought = ("zoe", member("purchase", "o1", "p1", 1, "5.0000", "e1", 1), T0_MS + 1)
    update(worker, [("zoe", "view_item:p0", T0_MS), bought])
    items = list_of(redis, "zoe").items
    assert "p1" not in item_ids(items)
    assert Reason.SIMILAR_TO_BOUGHT in {item.reason for item in items}

    update(worker, [("zoe", member("order_cancelled", "o1", "", 1, "5.0000", "e2", 1), T0_MS + 2)])
    items = list_of(redis, "zoe").items
    assert "p1" in item_ids(items)
    assert {item.reason for item in items} == {Reason.SIMILAR_TO_VIEWED}
    assert utc_text(list_of(redis, "zoe").history_until) == "2025-11-24T16:00:00.002Z"

    update(worker, [("zoe", "add_to_cart:p1", T0_MS + 3)])
    assert "p1" not in item_ids(list_of(redis, "zoe").items)
    update(worker, [("zoe", "remove_from_cart:p1", T0_MS + 3)])
    assert list_of(redis, "zoe").items == items


def test_a_user_of_whom_nothing_counts_any_more_has_no_list(client: Redis, redis: Any, store: ModelStore) -> None:
    worker = personaliser(client, store)
    update(worker, [("zoe", "add_to_cart:p1", T0_MS)])
    assert redis.get(personalized("m1", "zoe")) is not None
    update(worker, [("zoe", "remove_from_cart:p1", T0_MS + 1)])
    assert redis.get(personalized("m1", "zoe")) is None


def test_what_is_not_available_is_left_out_until_it_is_again(client: Redis, redis: Any, store: ModelStore) -> None:
    worker = personaliser(client, store)
    event = ("zoe", "purchase:p1", T0_MS)
    update(worker, [event])
    before = redis.get(personalized("m1", "zoe"))

    redis.sadd(UNAVAILABLE, "p3", "unknown to the model")
    redis.incr(UNAVAILABLE_REVISION)
    update(worker, [event])
    assert "p3" not in item_ids(list_of(redis, "zoe").items)

    redis.srem(UNAVAILABLE, "p3")
    redis.incr(UNAVAILABLE_REVISION)
    update(worker, [event])
    assert redis.get(personalized("m1", "zoe")) == before


def test_it_is_counted_how_long_after_the_newest_event_of_its_user_a_list_was_written(
    client: Redis, redis: Any, store: ModelStore
) -> None:
    now = [T0_MS / 1000]
    clock = lambda: datetime.fromtimestamp(now[0], UTC)  # noqa: E731
    worker = Personaliser(client, store, RULES, LIMITS, clock, FreshnessCounts(client, clock))
    minute = T0_MS // 60_000
    update(worker, [("zoe", "view_item:p0", T0_MS - 9_000), ("zoe", "view_item:p1", T0_MS - 2_000)])
    update(worker, [("ann", "view_item:p0", T0_MS - 2_000), ("ben", "view_item:p0", T0_MS - 86_400_000)])
    update(worker, [("eve", "view_item:unheard of", T0_MS)])  # there is nothing to recommend to her
    counts = {name.decode(): int(count) for name, count in redis.hgetall(LIST_FRESHNESS).items()}
    assert counts == {field_of(minute, 2.0): 2, field_of(minute, 86_400.0): 1}
    assert 0 < redis.ttl(LIST_FRESHNESS) <= (MINUTES + 5) * 60

    now[0] += (MINUTES + 1) * 60
    update(worker, [("ann", "view_item:p0", T0_MS)])
    assert {int(name.partition(b":")[0]) for name in redis.hkeys(LIST_FRESHNESS)} == {minute + MINUTES + 1}

    redis.delete(LIVE_MODELS)
    update(worker, [("ann", "view_item:p1", T0_MS)])
    left = {name.decode(): int(count) for name, count in redis.hgetall(LIST_FRESHNESS).items()}
    assert freshness_of(left, minute + MINUTES + 1).lists == 1  # without a model no list is written


def test_a_new_model_is_taken_up_without_a_restart_and_one_that_is_not_live_is_dropped(
    client: Redis, redis: Any, store: ModelStore
) -> None:
    worker = personaliser(client, store)
    update(worker, [("zoe", "view_item:p0", T0_MS)])
    store.write(served_model("m2"))
    redis.sadd(LIVE_MODELS, "m2")

    assert update(worker, [("zoe", "view_item:p3", T0_MS + 1)]) == 2
    assert list_of(redis, "zoe", "m2").model_version == "m2"
    assert list_of(redis, "zoe", "m2").items == list_of(redis, "zoe", "m1").items

    redis.srem(LIVE_MODELS, "m1")
    assert update(worker, [("zoe", "view_item:p4", T0_MS + 2)]) == 1
    assert list_of(redis, "zoe", "m1").history_until < list_of(redis, "zoe", "m2").history_until


def test_lists_of_a_live_model_do_not_expire_and_those_of_a_replaced_one_keep_their_time_to_live(
    client: Redis, redis: Any, store: ModelStore
) -> None:
    worker = personaliser(client, store)
    key = personalized("m1", "zoe")
    redis.set(key, b"as an earlier release wrote it", ex=60)
    update(worker, [("zoe", "view_item:p0", T0_MS)])
    assert redis.ttl(key) == -1

    redis.zadd(RETIRED_MODELS, {"m1": MADE_AT.timestamp()})
    redis.expire(key, 60)
    update(worker, [("zoe", "view_item:p3", T0_MS + 1)])
    assert (list_of(redis, "zoe").history_until > MADE_AT, 0 < redis.ttl(key) <= 60) == (False, True)


def test_a_replaced_model_is_left_after_an_hour_though_nobody_takes_it_from_the_live_ones(
    client: Redis, redis: Any, store: ModelStore
) -> None:
    redis.zadd(RETIRED_MODELS, {"m1": MADE_AT.timestamp()})
    views = [("zoe", "view_item:p0", T0_MS)]
    almost, then = (MADE_AT + timedelta(seconds=LIVE_SECONDS + seconds) for seconds in (-1, 0))
    assert update(personaliser(client, store, clock=lambda: almost), views) == 1
    assert update(personaliser(client, store, clock=lambda: then), views) == 0


def test_without_a_model_the_history_is_kept_and_lists_come_with_the_model(
    client: Redis, redis: Any, tmp_path: Path
) -> None:
    store = ModelStore((tmp_path / "later").as_uri())
    worker = personaliser(client, store)
    assert update(worker, [("zoe", "view_item:p0", T0_MS)]) == 0
    assert redis.zrange(history("zoe"), 0, -1, withscores=True) == [(b"view_item:p0", float(T0_MS))]

    store.write(served_model("m1"))
    assert update(worker, [("zoe", "view_item:p0", T0_MS)]) == 1


def test_a_user_of_whom_a_model_knows_nothing_has_no_list(client: Redis, redis: Any, store: ModelStore) -> None:
    redis.set(personalized("m1", "zoe"), b"of an earlier model of that name")
    update(personaliser(client, store), [("zoe", "view_item:unheard of", T0_MS)])
    assert redis.get(personalized("m1", "zoe")) is None


def test_a_redis_that_is_away_is_an_error_and_the_events_may_come_again(
    redis_process: RedisProcess, client: Redis, redis: Any, store: ModelStore
) -> None:
    worker = personaliser(client, store)
    update(worker, [("zoe", "view_item:p0", T0_MS)])
    redis_process.kill()
    with pytest.raises(DependencyUnavailable, match="Redis"):
        update(worker, [("zoe", "view_item:p3", T0_MS + 1)])

    redis_process.start()
    redis_process.client.sadd(LIVE_MODELS, "m1")
    update(worker, [("zoe", "view_item:p0", T0_MS), ("zoe", "view_item:p3", T0_MS + 1)])
    assert len(redis_process.client.zrange(history("zoe"), 0, -1)) == 2
    assert list_of(redis_process.client, "zoe").model_version == "m1"
