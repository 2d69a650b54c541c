"""A store is registered once, and a registration that lacks something fails here."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from local.downloads import Jars, read_lock
from local.faults.catalogue import FAULTS
from local.parts import all_parts
from local.parts.sink import Sink
from local.paths import DataDirectory
from operations.lag import Lag
from operations.rebuild.request import NotRebuilt, RebuildRequest
from operations.stores import STORES, Store, store_named
from schemas.errors import ConfigurationError
from schemas.results import PRODUCT_DEMAND, PRODUCTS
from schemas.settings import Settings
from schemas.topics import TOPICS
from sinks.clickhouse.store import TABLES
from sinks.redis.changes import CHANGE_OF_TOPIC
from sinks.registered import SINKS

ROOT = Path(__file__).parents[3]
PREFIXES = ("clickhouse_", "redis_", "lake_", "sink_")
"""How the settings begin that belong to one store."""

each_store = pytest.mark.parametrize("store", STORES, ids=lambda store: store.sink.name)


def test_every_sink_that_can_be_run_is_registered_with_its_store() -> None:
    runnable = {path.parent.name for path in (ROOT / "sinks").glob("*/__main__.py")}
    assert runnable == {sink.name for sink in SINKS} == {store.sink.name for store in STORES}
    assert len(SINKS) == len(STORES) == len(runnable)


def test_the_platforms_parts_and_the_services_of_compose_are_the_registered_ones(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    parts = all_parts(settings, DataDirectory(tmp_path), Jars(read_lock(), tmp_path / "cache"))
    assert {part.name: part.command()[-1] for part in parts if isinstance(part, Sink)} == {
        sink.part: sink.program for sink in SINKS
    }
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    programs = {service["entrypoint"][-1] for service in services.values() if "entrypoint" in service}
    assert {sink.program for sink in SINKS} <= programs


def test_names_groups_and_parts_are_different_and_offsets_stay_under_the_groups_of_the_first_version() -> None:
    assert {sink.name: sink.group for sink in SINKS} == {
        "clickhouse": "shopstream-sink-clickhouse",
        "redis": "shopstream-sink-redis",
        "lake": "shopstream-sink-lake",
        "lists": "shopstream-sink-lists",
    }
    assert len({sink.part for sink in SINKS}) == len({sink.title for sink in SINKS}) == len(SINKS)


def test_whoever_writes_a_topic_is_looked_at_before_whoever_reads_it() -> None:
    names = [sink.name for sink in SINKS]
    assert names.index("lists") < names.index("redis")


@each_store
def test_its_topics_exist_and_its_sink_takes_each_of_them(store: Store) -> None:
    ranked = {PRODUCT_DEMAND.topic, PRODUCTS.topic}
    taken = {"clickhouse": set(TABLES), "redis": set(CHANGE_OF_TOPIC), "lake": {"events"}, "lists": ranked}
    assert set(store.sink.topics) == taken[store.sink.name]
    assert set(store.sink.topics) <= {topic.name for topic in TOPICS}


def test_every_setting_of_a_store_belongs_to_one_registration() -> None:
    names = [name for sink in SINKS for name in sink.settings]
    assert sorted(names) == sorted(name for name in Settings.model_fields if name.startswith(PREFIXES))


@each_store
def test_each_has_faults_of_its_own(store: Store) -> None:
    assert f"stop-{store.sink.part}" in store.faults
    assert set(store.faults) <= {fault.name for fault in FAULTS}


@each_store
def test_each_is_filled_anew_or_says_why_not(store: Store) -> None:
    if isinstance(store.rebuild, NotRebuilt):
        assert store.rebuild.because
    else:
        assert store.rebuild.options <= set(RebuildRequest.__dataclass_fields__)


@each_store
def test_each_says_what_to_do_when_kafka_has_deleted_its_records(store: Store) -> None:
    assert store.sink.if_deleted or store.sink.applied


def test_each_shows_in_the_lag_by_its_title() -> None:
    lag = Lag(0, 0, {}, {sink.title: 1 for sink in SINKS})
    assert str(lag) == "sinks have records left to write: ClickHouse 1, The lists 1, Redis 1, The lake 1"


def test_a_store_that_is_not_there_is_refused_with_those_that_are() -> None:
    assert store_named("redis").sink.title == "Redis"
    with pytest.raises(ConfigurationError, match="There are: clickhouse, lake, lists, redis"):
        store_named("mongodb")
