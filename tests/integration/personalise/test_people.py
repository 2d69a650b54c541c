"""What people did before they signed in, in their histories and lists: a real Redis, models of a real store."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from redis import Redis

from connections.redis import connect
from dashboards.service.explorer import Explorer
from operations.personal.redis import IN_REDIS
from recommender.publishing.live import LiveModels
from recommender.publishing.people import Limits, VisitorChange, read_merged
from recommender.publishing.personaliser import Personaliser
from recommender.ranking import Rules
from recommender.store import ModelStore
from schemas.interactions import member
from schemas.recommendations import decode_list, item_ids
from schemas.redis_keys import LINKED, LIVE_MODELS, history, identity_changes, personalized, visitors
from schemas.settings import Settings
from schemas.visitors import MOST_CHANGES, IdentityChange, anonymous, session_digest
from tests.support.models import ITEM_IDS
from tests.support.serving import RedisProcess
from tests.support.visitors import Change, View, histories

T0_MS = 1_764_000_000_000
MINUTE_MS = 60_000
MADE_AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
RULES = Rules(5, excludes_bought=True)
USERS = ("ada", "bob", "eve")
VISITORS = ("v1", "v2", "v3")
ROUNDS = 3


def personaliser(client: Redis, store: ModelStore, items: int = 200) -> Personaliser:
    return Personaliser(client, store, RULES, Limits(items, 3600), lambda: MADE_AT)


def update(worker: Personaliser, events: Sequence[View | Change]) -> None:
    views = [each for each in events if isinstance(each, View)]
    worker.update(
        [each.user or each.visitor for each in views],
        [each.member if each.user else anonymous(each.member, each.time_ms, each.session) for each in views],
        [each.time_ms for each in views],
        [change_of(each) for each in events if isinstance(each, Change)],
    )


def change_of(each: Change) -> VisitorChange:
    return each.visitor, IdentityChange(each.time_ms, each.user, session_digest(each.session), each.event_id)


def some_events(rng: random.Random, views: int = 60, changes: int = 8) -> list[View | Change]:
    def at() -> int:
        return T0_MS + rng.randrange(200) * 7 * MINUTE_MS

    def session() -> str:
        return rng.choice(["", "s1", "s2", "s3"])

    return [
        *(
            View(at(), rng.choice(VISITORS), any_member(rng), session(), rng.choice(["", "", "", *USERS]))
            for _ in range(views)
        ),
        *(Change(f"e{n}", at(), rng.choice(VISITORS), rng.choice([*USERS, ""]), session()) for n in range(changes)),
    ]


def any_member(rng: random.Random) -> str:
    kind = rng.choice(["view_item", "view_item", "add_to_cart", "remove_from_cart", "purchase", "refund"])
    order, event_id = rng.choice(["o1", "o2"]), rng.choice(["p1", "p2", "p3"])
    return member(kind, order, rng.choice(ITEM_IDS), 1, "2.0000", event_id, rng.choice([1, 2]))


def content(redis: Any) -> dict[bytes, Any]:
    """Every key with its value, but for the counters of who reads."""
    return {
        key: redis.zrange(key, 0, -1, withscores=True) if redis.type(key) == b"zset" else redis.get(key)
        for key in redis.keys("*")
        if redis.type(key) in (b"zset", b"string") and not key.endswith(b":revision")
    }


def in_parts(events: Sequence[View | Change], size: int) -> Iterator[Sequence[View | Change]]:
    return (events[first : first + size] for first in range(0, len(events), size))


def lists_of(redis: Any) -> dict[str, bytes]:
    people = (*USERS, *VISITORS)
    return {each: value for each in people if (value := redis.get(personalized("m1", each))) is not None}


@pytest.mark.parametrize("seed", range(3))
def test_views_links_and_sign_outs_give_the_same_keys_in_any_order(
    client: Redis, redis: Any, store: ModelStore, seed: int
) -> None:
    rng = random.Random(seed)
    events = some_events(rng)
    in_order = sorted(events, key=lambda each: each.time_ms)
    for part in in_parts(in_order, 1):
        update(personaliser(client, store), part)
    expected = content(redis)
    plainly = histories(
        [each for each in events if isinstance(each, View)], [each for each in events if isinstance(each, Change)]
    )
    people = read_merged(client, [*USERS, *VISITORS])
    assert {person: dict(each) for person, each in people.items()} == plainly

    for size in (1, 5, 13, len(events)):
        shuffled = rng.sample([*events, *events[::3]], len(events) + len(events[::3]))
        redis.delete(*redis.keys("[luv]*"), *redis.keys("rec:m1:*"))
        workers = [personaliser(client, store) for _ in range(3)]
        for part in in_parts(shuffled, size):
            update(rng.choice(workers), part)
        assert content(redis) == expected


@pytest.mark.parametrize("seed", range(3))
def test_a_history_that_is_full_gives_the_same_keys_in_any_order(
    client: Redis, redis: Any, store: ModelStore, seed: int
) -> None:
    rng = random.Random(seed)
    events = some_events(rng, views=80)
    expected = None
    for _ in range(4):
        redis.delete("none", *redis.keys("[luv]*"), *redis.keys("rec:m1:*"))
        worker = personaliser(client, store, items=10)
        for part in in_parts(rng.sample(events, len(events)), 4):
            update(worker, part)
        expected = expected or content(redis)
        assert content(redis) == expected


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_workers_that_write_at_once_leave_the_lists_of_everything(
    redis_process: RedisProcess, redis: Any, store: ModelStore, client: Redis, seed: int
) -> None:
    rng = random.Random(seed)
    events = some_events(rng, views=80, changes=16)
    update(personaliser(client, store), events)
    expected = content(redis)

    redis.delete(*redis.keys("[luv]*"), *redis.keys("rec:m1:*"))
    shares: list[list[View | Change]] = [[], [], []]
    for each in events:  # each user's events, and each visitor's anonymous ones, through one worker
        shares[hash(each.user or each.visitor) % 3].append(each)
    threads = [Thread(target=work, args=(redis_process.url, store, share)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert content(redis) == expected


def work(url: str, store: ModelStore, events: Sequence[View | Change]) -> None:
    with closing(connect(url, 5.0)) as client:
        worker = personaliser(client, store)
        for part in in_parts(events, 2):
            update(worker, part)


def test_what_was_viewed_before_a_sign_in_counts_from_then_on(client: Redis, redis: Any, store: ModelStore) -> None:
    worker = personaliser(client, store)
    bought = member("purchase", "o1", "p1", 1, "5.0000", "e1", 1)
    update(worker, [View(T0_MS, "v1", bought), View(T0_MS + 1, "v1", "view_item:p0")])
    assert redis.get(personalized("m1", "ada")) is None

    update(worker, [Change("e2", T0_MS + 2, "v1", "ada")])
    assert lists_of(redis)["ada"] == lists_of(redis)["v1"]
    assert "p1" not in item_ids(decode_list(lists_of(redis)["ada"]).items)

    update(worker, [View(T0_MS + 3, "", member("refund", "o1", "p1", 1, "5.0000", "e3", 1), user="ada")])
    assert "p1" in item_ids(decode_list(lists_of(redis)["ada"]).items)

    update(worker, [View(T0_MS + 4, "v2", "view_item:p4")])
    assert read_merged(client, ["ada"])["ada"][-1][0].startswith("refund:")


def test_a_late_sign_out_takes_away_what_it_must(client: Redis, redis: Any, store: ModelStore) -> None:
    worker = personaliser(client, store)
    update(worker, [Change("e1", T0_MS, "v1", "ada"), View(T0_MS + 60 * MINUTE_MS, "v1", "view_item:p0", "s2")])
    assert {"ada", "v1"} == lists_of(redis).keys()
    update(worker, [Change("e2", T0_MS + 30 * MINUTE_MS, "v1", "")])
    assert {"v1"} == lists_of(redis).keys()
    assert read_merged(client, ["ada"]) == {}


def test_links_are_kept_as_long_as_anything_of_the_visitor_is(client: Redis, redis: Any, store: ModelStore) -> None:
    worker = personaliser(client, store)
    update(worker, [Change("e1", T0_MS, "v1", "ada")])
    keys = (identity_changes("v1"), visitors("ada"), history("ada"))
    for key in keys:
        redis.expire(key, 5)
    update(worker, [View(T0_MS + 1, "v1", "view_item:p0"), View(T0_MS, "", "view_item:p0", user="ada")])
    assert all(3_590 < redis.ttl(key) <= 3_600 for key in keys)
    assert {member for member, _ in redis.zrange(LINKED, 0, -1, withscores=True)} == {b"v1", b"ada"}
    later = Personaliser(client, store, RULES, Limits(200, 3600), lambda: MADE_AT + timedelta(seconds=3_601))
    update(later, [Change("e2", T0_MS, "v2", "bob")])
    assert set(redis.zrange(LINKED, 0, -1)) == {b"v2", b"bob"}


def test_a_published_model_ranks_the_merged_histories(client: Redis, redis: Any, store: ModelStore) -> None:
    rng = random.Random(1)
    update(personaliser(client, store), some_events(rng))
    made = lists_of(redis)
    assert set(made) >= set(USERS)
    redis.delete(*redis.keys("rec:m1:*"))
    LiveModels(redis, RULES, 1_000).publish(store.load("m1"), MADE_AT)
    assert {person: value for person, value in lists_of(redis).items() if person in made} == made


def test_who_is_linked_to_nobody_costs_two_round_trips(client: Redis, redis: Any, store: ModelStore) -> None:
    worker = personaliser(client, store)
    update(worker, [View(T0_MS, "v1", "view_item:p0"), View(T0_MS, "", "view_item:p0", user="ada")])
    before = redis.info("stats")["total_commands_processed"]
    update(worker, [View(T0_MS + 1, "v1", "view_item:p3"), View(T0_MS + 1, "", "view_item:p3", user="ada")])
    commands = redis.info("stats")["total_commands_processed"] - before - 1
    assert commands == 2 * 4 + 4 + 2  # of each history four; who is linked, and the state of models; two lists
    assert redis.exists(LINKED) == 0
    assert len(redis.zrange(history("v1"), 0, -1)) == 2


class Overtaken(Personaliser):
    """A worker that others overtake between reading histories and writing lists."""

    overtake: Callable[[], None] = staticmethod(lambda: None)

    def _write_lists(self, *state: Any) -> Any:
        self.overtake()
        return super()._write_lists(*state)


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_workers_that_read_a_user_the_one_that_read_later_writes_the_list(
    client: Redis, redis: Any, store: ModelStore, first: int
) -> None:
    update(personaliser(client, store), [Change("e1", T0_MS, "v1", "ada")])
    events = [View(T0_MS + 1, "v1", "view_item:p0"), View(T0_MS + 2, "", "add_to_cart:p1", user="ada")]
    slow = Overtaken(client, store, RULES, Limits(200, 3600), lambda: MADE_AT)
    slow.overtake = lambda: update(personaliser(client, store), [events[1 - first]])
    update(slow, [events[first]])
    made = lists_of(redis)["ada"]
    update(personaliser(client, store), events)
    assert made == lists_of(redis)["ada"]


def test_an_event_that_takes_the_place_of_an_older_one_changes_the_list_of_its_user(
    client: Redis, redis: Any, store: ModelStore
) -> None:
    worker = personaliser(client, store, items=2)
    update(worker, [Change("e1", T0_MS, "v1", "ada"), Change("e2", T0_MS + 2, "v1", "")])
    update(worker, [View(T0_MS + 1, "v1", "view_item:p0")])
    assert "ada" in lists_of(redis)
    for later in (3, 4):
        update(worker, [View(T0_MS + later, "v1", "view_item:p3")])
    assert "ada" not in lists_of(redis)


def test_of_a_device_of_many_the_newest_sign_ins_are_kept(client: Redis, redis: Any, store: ModelStore) -> None:
    worker = personaliser(client, store)
    update(worker, [View(T0_MS - 1, "v1", "view_item:p0"), Change("e", T0_MS, "v1", "ada")])
    assert "ada" in lists_of(redis)
    for n in range(MOST_CHANGES):
        update(worker, [Change(f"e{n}", T0_MS + n + 1, "v1", f"u{n}")])
    assert redis.zcard(identity_changes("v1")) == MOST_CHANGES
    assert lists_of(redis).keys() == {"v1"}
    assert redis.keys("rec:m1:user:*") == [personalized("m1", "v1").encode()]


def test_who_is_erased_leaves_what_others_did_on_the_same_device(
    redis_process: RedisProcess, client: Redis, redis: Any, store: ModelStore
) -> None:
    settings = Settings(redis_url=redis_process.url)
    day = 24 * 60 * MINUTE_MS
    of_bob = [View(T0_MS + day, "v1", "view_item:p3", "s2"), Change("e2", T0_MS + day + 1, "v1", "bob", "s2")]
    of_ada = [
        View(T0_MS, "v1", "view_item:p0", "s1"),
        Change("e1", T0_MS + 1, "v1", "ada", "s1"),
        View(T0_MS + 2, "", "view_item:p1", user="ada"),
    ]
    update(personaliser(client, store), of_bob)
    expected = content(redis)
    update(personaliser(client, store), of_ada)
    assert lists_of(redis).keys() == {"ada", "bob", "v1"}
    held = IN_REDIS.held(settings, "ada")
    assert held == {"Redis: keys": 4, "Redis: events and links of visitors": 2}

    IN_REDIS.erase(settings, "ada")
    assert set(IN_REDIS.held(settings, "ada").values()) == {0}
    assert {key: value for key, value in expected.items() if key != personalized("m1", "v1").encode()} == content(redis)


def test_an_erased_visitor_is_linked_to_nobody(
    redis_process: RedisProcess, client: Redis, redis: Any, store: ModelStore
) -> None:
    settings = Settings(redis_url=redis_process.url)
    events = [View(T0_MS, "v1", "view_item:p0"), Change("e1", T0_MS + 1, "v1", "ada")]
    update(personaliser(client, store), events)
    for erased in ("v1", "ada"):
        IN_REDIS.erase(settings, erased)
        assert set(IN_REDIS.held(settings, erased).values()) == {0}
    assert set(redis.keys("*")) == {LIVE_MODELS.encode()}


@pytest.mark.anyio
async def test_the_explorer_says_why_visitors_are_one_person(
    redis_process: RedisProcess, client: Redis, redis: Any, store: ModelStore
) -> None:
    events = [
        View(T0_MS, "v1", "view_item:p0"),
        Change("e1", T0_MS + 1, "v1", "ada"),
        Change("e2", T0_MS + 2, "v1", ""),
        View(T0_MS + 3, "v1", "view_item:p3"),
    ]
    update(personaliser(client, store), events)
    explorer = Explorer(Settings(redis_url=redis_process.url))
    await explorer.start()
    try:
        ada, visitor = await explorer.user("ada"), await explorer.user("v1")
    finally:
        await explorer.close()
    changes = [
        {"user": None, "at": "2025-11-24T16:00:00.002Z"},
        {"user": "ada", "at": "2025-11-24T16:00:00.001Z"},
    ]
    assert ada["visitors"] == [{"id": "v1", "changes": changes, "events": 1}]
    assert [each["product"] for each in ada["history"]] == ["p0"]
    assert (ada["changes"], visitor["changes"], visitor["visitors"]) == ([], changes, [])
    assert [each["product"] for each in visitor["history"]] == ["p3", "p0"]
