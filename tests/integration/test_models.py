"""Models on real stores: published, promoted, rolled back, while somebody reads."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import redis
from clickhouse_connect.driver.client import Client

from connections.clickhouse import connected
from connections.errors import WriteRefused
from local.commands import run_shop
from local.platform import Platform
from recommender.errors import ModelError
from recommender.publishing.bulk import send_all, set_if_absent
from recommender.publishing.live import GRACE, NEVER_EXPIRES, LiveModels, connect
from recommender.publishing.promotion import Promotions
from recommender.publishing.records import ModelRecords
from recommender.ranking import Rules
from recommender.store import ModelStore
from schemas.recommendations import decode_list, item_ids
from schemas.redis_keys import (
    ACTIVE_MODEL,
    LIVE_MODELS,
    RETIRED_MODELS,
    UNAVAILABLE,
    bought_together,
    history,
    personalized,
    published,
    similar,
)
from tests.support.models import manifest_of, served_model

pytestmark = pytest.mark.platform

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TTL_SECONDS = 1_000
FLIPS = 40


class Stage:
    """A model store, ClickHouse and Redis, without a model."""

    def __init__(self, platform: Platform, clickhouse: Client, cache: redis.Redis) -> None:
        self.settings = platform.settings
        self.redis = cache
        self.store = ModelStore(self.settings.model_store_url)
        self.records = ModelRecords(clickhouse)
        self.live = LiveModels(cache, Rules(5, True), TTL_SECONDS)
        self.promotions = Promotions(self.store, self.records, self.live)

    def make(self, version: str) -> None:
        """Store and record a model."""
        made = served_model(version)
        changed = replace(manifest_of(version, made.model), created_at=NOW + timedelta(seconds=int(version[1:])))
        self.store.write(replace(made, manifest=changed))
        self.records.add(changed)


@pytest.fixture
def stage(platform: Platform) -> Iterator[Stage]:
    cache = connect(platform.settings)
    with connected(platform.settings, platform.settings.clickhouse_database) as clickhouse:
        yield Stage(platform, clickhouse, cache)
        for table in ("recommendation_model_versions", "recommendation_model_promotions"):
            clickhouse.command(f"TRUNCATE TABLE {table}")
    for key in cache.scan_iter("rec:*"):
        cache.delete(key)
    cache.delete(UNAVAILABLE, *cache.scan_iter("user:*"))
    cache.close()


def test_a_promoted_model_is_published_recorded_and_served(stage: Stage) -> None:
    stage.make("m1")
    stage.promotions.promote("m1", "the first model", NOW)
    assert stage.live.active() == stage.records.active() == "m1"
    (record,) = stage.records.all()
    assert (record.version, record.is_active, record.promoted_at) == ("m1", True, NOW)
    assert record.metrics == {"NDCG@10": 0.25}
    own_list = decode_list(stage.redis.get(personalized("m1", "ben")))
    assert (own_list.model_version, own_list.items[0].because) == ("m1", ("p1",))
    assert {stage.redis.ttl(key) for key in stage.redis.scan_iter("rec:m1:*")} == {NEVER_EXPIRES}
    assert (own_list.generated_at, stage.redis.get(published("m1"))) == (NOW, b"2026-11-21T12:00:01.000Z")
    assert "p1" in item_ids(decode_list(stage.redis.get(similar("m1", "p3"))).items)
    assert stage.redis.exists(bought_together("m1", "p3"))
    assert not stage.redis.exists(similar("m1", "p7"))  # which nobody ever looked at


def test_what_is_unavailable_is_published_to_nobody(stage: Stage) -> None:
    stage.redis.sadd(UNAVAILABLE, "p3", "unknown")
    stage.make("m1")
    stage.promotions.promote("m1", "", NOW)
    lists = [decode_list(stage.redis.get(key)) for key in stage.redis.scan_iter("rec:m1:*:*")]
    assert lists
    assert not any("p3" in item_ids(each.items) for each in lists)


def test_what_personalise_wrote_meanwhile_stays(stage: Stage) -> None:
    stage.make("m1")
    stage.redis.set(personalized("m1", "ben"), b"newer")
    stage.promotions.promote("m1", "", NOW)
    assert stage.redis.get(personalized("m1", "ben")) == b"newer"


def test_clicks_after_the_training_count_and_users_after_it_have_lists(stage: Stage) -> None:
    second = int(NOW.timestamp())
    stage.redis.zadd(history("ben"), {"view_item:p5": second * 1000})
    stage.redis.zadd(history("eve"), {"view_item:p6": second * 1000})
    stage.redis.zadd(history("stranger"), {"view_item:unknown": second * 1000})
    stage.make("m1")
    stage.promotions.promote("m1", "", NOW)
    ben, eve = (decode_list(stage.redis.get(personalized("m1", user))) for user in ("ben", "eve"))
    assert (ben.history_until, ben.items[-1].item_id) == (NOW, "p6")
    assert eve.items[0].because == ("p6",)
    assert not stage.redis.exists(personalized("m1", "stranger"))


def test_a_user_of_whom_nothing_counts_any_more_has_no_list_of_what_the_model_knew(stage: Stage) -> None:
    second = int(NOW.timestamp())
    stage.redis.zadd(history("ben"), {"add_to_cart:p5": second * 1000, "remove_from_cart:p5": second * 1000})
    stage.make("m1")
    stage.promotions.promote("m1", "", NOW)
    assert not stage.redis.exists(personalized("m1", "ben"))
    assert stage.redis.exists(personalized("m1", "ann"))


def test_the_replaced_model_stays_fresh_for_a_while(stage: Stage) -> None:
    for version, minutes in (("m1", 0), ("m2", 1), ("m3", 2)):
        stage.make(version)
        stage.promotions.promote(version, "", NOW + timedelta(minutes=minutes))
    assert stage.live.live() == {"m1", "m2", "m3"}
    stage.live.retire_due(NOW + GRACE + timedelta(minutes=1))
    assert stage.live.live() == {"m2", "m3"}
    stage.live.activate("m2", NOW + timedelta(minutes=3))
    stage.live.retire_due(NOW + 2 * GRACE)
    assert stage.redis.smembers(LIVE_MODELS) == {b"m2"}
    assert stage.redis.zcard(RETIRED_MODELS) == 0


def test_rolling_back_serves_the_model_before_and_back_again(stage: Stage) -> None:
    for version, minutes in (("m1", 0), ("m2", 1)):
        stage.make(version)
        stage.promotions.promote(version, "", NOW + timedelta(minutes=minutes))
    assert stage.promotions.roll_back(NOW + timedelta(minutes=2)) == "m1"
    assert stage.live.active() == "m1"
    assert [record.version for record in stage.records.all() if record.is_active] == ["m1"]
    assert stage.promotions.roll_back(NOW + timedelta(minutes=3)) == "m2"


def test_lists_that_expired_are_published_again_when_their_model_comes_back(stage: Stage) -> None:
    for version, minutes in (("m1", 0), ("m2", 1)):
        stage.make(version)
        stage.promotions.promote(version, "", NOW + timedelta(minutes=minutes))
    stage.redis.delete(*stage.redis.scan_iter("rec:m1:*"))
    stage.promotions.roll_back(NOW + timedelta(minutes=2))
    assert stage.redis.exists(personalized("m1", "ben"))


def test_there_is_nothing_to_go_back_to_before_the_second_model(stage: Stage) -> None:
    stage.make("m1")
    stage.promotions.promote("m1", "", NOW)
    with pytest.raises(ModelError, match="no model to go back to"):
        stage.promotions.roll_back(NOW)


def test_a_model_that_is_not_there_is_not_served(stage: Stage) -> None:
    with pytest.raises(ModelError, match="There is no model 'm9'"):
        stage.promotions.promote("m9", "", NOW)
    assert stage.live.active() == ""


def test_no_answer_mixes_two_models_while_promotion_and_rollback_alternate(stage: Stage) -> None:
    for version, minutes in (("m1", 0), ("m2", 1)):
        stage.make(version)
        stage.promotions.promote(version, "", NOW + timedelta(minutes=minutes))
    stopped = threading.Event()
    answers: list[set[str]] = []

    def read() -> None:
        reader = connect(stage.settings)
        while not stopped.is_set():
            version = reader.get(ACTIVE_MODEL).decode()
            keys = [personalized(version, user) for user in ("ann", "ben", "cat")]
            values = reader.mget([*keys, similar(version, "p3"), bought_together(version, "p3")])
            answers.append({decode_list(value).model_version for value in values})
        reader.close()

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for flip in range(FLIPS):
        stage.promotions.roll_back(NOW + timedelta(minutes=2 + flip))
    stopped.set()
    for reader in readers:
        reader.join()
    assert {frozenset(answer) for answer in answers} == {frozenset({"m1"}), frozenset({"m2"})}


def test_the_command_lists_shows_promotes_and_rolls_back(stage: Stage) -> None:
    for version in ("m1", "m2"):
        stage.make(version)
        assert run_shop(stage.settings, "models", "promote", version).returncode == 0
    listed = json.loads(run_shop(stage.settings, "models", "list", "--json").stdout)
    assert [(model["version"], model["is_active"]) for model in listed] == [("m2", True), ("m1", False)]
    shown = run_shop(stage.settings, "models", "show", "m1").stdout
    assert "item_knn" in shown
    assert "m1 is served again" in run_shop(stage.settings, "models", "rollback").stderr
    assert "active" in run_shop(stage.settings, "models", "list").stdout
    missing = run_shop(stage.settings, "models", "promote", "m9")
    assert (missing.returncode, "There is no model 'm9'" in missing.stderr) == (1, True)


def test_writes_in_bulk_are_all_answered(stage: Stage) -> None:
    pairs = [(f"rec:bulk:{number}".encode(), b"x" * 100) for number in range(20_000)]
    assert send_all(stage.redis, set_if_absent(pairs)) == 20_000
    assert send_all(stage.redis, set_if_absent(pairs)) == 20_000
    assert stage.redis.get("rec:bulk:19999") == b"x" * 100
    assert send_all(stage.redis, []) == 0


def test_a_refused_write_is_an_error_and_the_connection_is_not_used_again(stage: Stage) -> None:
    wrong = [*set_if_absent([(b"rec:ok", b"x")]), b"*1\r\n$7\r\nUNKNOWN\r\n"]
    with pytest.raises(WriteRefused, match="unknown command"):
        send_all(stage.redis, wrong)
    assert stage.redis.get("rec:ok") == b"x"
    assert stage.redis.ping()
