from __future__ import annotations

import os
import random
import signal
import socket
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from redis import Redis

from connections.clickhouse import connected
from connections.registry import SchemaRegistry
from flink.cluster import Cluster
from local.commands import run_shop
from local.errors import PlatformError
from local.parts.base import StopStage
from local.platform import Platform
from local.ports import free_base
from local.processes import ProcessId
from local.state import PartState, PlatformState
from local.status import report
from schemas.settings import PORT_OFFSETS, Settings
from schemas.topics import TOPICS
from web.errors import PortInUse

pytestmark = pytest.mark.platform

PARTS = {
    "kafka",
    "registry",
    "redis",
    "jobmanager",
    "taskmanager",
    "clickhouse",
    "sink",
    "sink-lists",
    "sink-redis",
    "sink-lake",
    "collector",
    "serving",
    "dashboard",
}
BACK_SECONDS = 120.0


def running(platform: Platform) -> PlatformState:
    state = platform.state()
    assert state is not None
    return state


def process_of(state: PlatformState, part: str) -> ProcessId:
    process = state.parts[part].process
    assert process is not None
    return process


def wait_until_well(platform: Platform, since: PlatformState, killed: set[str]) -> PlatformState:
    deadline = time.monotonic() + BACK_SECONDS
    while time.monotonic() < deadline:
        state = running(platform)
        back = all(state.parts[name].restarts > since.parts[name].restarts for name in killed)
        if back and all(part.state is PartState.READY for part in state.parts.values()):
            return state
        time.sleep(0.2)
    pytest.fail(f"not back after {BACK_SECONDS} s: {running(platform)}")


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + BACK_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not so after {BACK_SECONDS} s")
        time.sleep(0.5)


def write_everywhere(settings: Settings, mark: str) -> int:
    with Redis.from_url(settings.redis_url) as redis:
        redis.set(mark, "kept")
    with connected(settings, settings.clickhouse_database) as client:
        client.command(f"CREATE TABLE {mark} (x UInt8) ENGINE = MergeTree ORDER BY x")
        client.command(f"INSERT INTO {mark} VALUES (7)")
    with closing(SchemaRegistry(settings.registry_url)) as registry:
        return registry.register(f"{mark}-value", f'{{"type": "record", "name": "{mark}", "fields": []}}')


def read_everywhere(settings: Settings, mark: str, schema_id: int) -> dict[str, object]:
    with Redis.from_url(settings.redis_url) as redis:
        cached = redis.get(mark)
    with connected(settings, settings.clickhouse_database) as client:
        rows = client.command(f"SELECT x FROM {mark}")
    with closing(SchemaRegistry(settings.registry_url)) as registry:
        latest = registry.latest(f"{mark}-value")
    topics = set(AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers}).list_topics(timeout=10).topics)
    return {
        "redis": cached,
        "clickhouse": rows,
        "registry": latest is not None and latest[0] == schema_id,
        "kafka": {topic.name for topic in TOPICS} <= topics,
    }


EVERYTHING = {"redis": b"kept", "clickhouse": 7, "registry": True, "kafka": True}


def test_every_part_comes_up_and_its_memory_is_known(platform: Platform) -> None:
    status = report(platform.settings)
    assert set(status.parts) == PARTS
    assert {part.status.state for part in status.parts.values()} == {PartState.READY}
    assert all(part.memory.own_bytes > 1_000_000 for part in status.parts.values())
    assert sum(part.memory.own_bytes for part in status.parts.values()) < status.total_bytes < 5_000_000_000


def test_nothing_listens_beyond_loopback(platform: Platform) -> None:
    addresses = {
        connection.laddr.ip
        for part in running(platform).parts.values()
        if part.process
        for member in part.process.session()
        for connection in member.net_connections("inet")
        if connection.status == "LISTEN"
    }
    assert addresses <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}


def test_every_part_that_is_killed_is_restarted_and_counted(platform: Platform) -> None:
    before = running(platform)
    for name in PARTS:
        os.kill(process_of(before, name).pid, signal.SIGKILL)
    after = wait_until_well(platform, before, PARTS)
    assert all(after.parts[name].process != before.parts[name].process for name in PARTS)
    assert {after.parts[name].problem for name in PARTS - {"taskmanager"}} == {"it ended with signal 9"}


def test_the_death_of_one_part_leaves_the_others_alone(platform: Platform) -> None:
    before = running(platform)
    os.kill(process_of(before, "redis").pid, signal.SIGKILL)
    after = wait_until_well(platform, before, {"redis"})
    assert {name for name in PARTS if after.parts[name].process != before.parts[name].process} == {"redis"}


def test_a_second_supervisor_on_the_same_directory_is_refused(platform: Platform) -> None:
    done = run_shop(platform.settings, "supervise", timeout_seconds=60)
    assert done.returncode == PlatformError.exit_code
    assert f"A platform runs on {platform.data.root} already" in done.stderr


def test_a_port_in_use_is_named_with_the_part_that_needs_it(tmp_path: Path) -> None:
    base = free_base(random.Random())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", base + PORT_OFFSETS["clickhouse"]))
        taken.listen()
        other = Platform(Settings(data_dir=tmp_path, port_base=base))
        with pytest.raises(PortInUse) as raised:
            other.up()
    assert (raised.value.part, raised.value.port) == ("clickhouse", base + PORT_OFFSETS["clickhouse"])
    assert not other.is_up()


def test_another_port_base_for_a_running_platform_is_refused(platform: Platform) -> None:
    moved = Platform(platform.settings.model_copy(update={"port_base": platform.settings.port_base + 1}))
    with pytest.raises(PlatformError, match=f"runs with --port-base {platform.settings.port_base}"):
        moved.up()


def test_what_was_written_survives_down_and_up(platform: Platform) -> None:
    schema_id = write_everywhere(platform.settings, "downup")
    before = running(platform)
    assert platform.down()
    assert not any(process_of(before, name).session() for name in PARTS)
    assert platform.state() is None
    platform.up()
    assert read_everywhere(platform.settings, "downup", schema_id) == EVERYTHING


def test_after_its_supervisor_was_killed_up_ends_the_orphans_and_starts_anew(platform: Platform) -> None:
    schema_id = write_everywhere(platform.settings, "orphans")
    before = running(platform)
    os.kill(before.supervisor.pid, signal.SIGKILL)
    while platform.is_up():
        time.sleep(0.05)
    assert all(process_of(before, name).is_alive for name in PARTS)
    platform.up()
    assert not any(process_of(before, name).is_alive for name in PARTS)
    assert read_everywhere(platform.settings, "orphans", schema_id) == EVERYTHING


@pytest.mark.flink
def test_a_job_goes_on_from_its_checkpoint_when_its_jobmanager_was_killed(platform: Platform) -> None:
    platform.jobs.desired.add("ingest")
    before = running(platform)
    first = platform.jobs.ensure("ingest").job_id
    platform.jobs.wait_until_running("ingest")
    with closing(Cluster(platform.settings)) as cluster:
        wait_until(lambda: cluster.health(first).checkpoints > 0)
        os.kill(process_of(before, "jobmanager").pid, signal.SIGKILL)
        wait_until_well(platform, before, {"jobmanager", "taskmanager"})
        wait_until(lambda: (running := cluster.find("ingest")) is not None and running.id != first)
        second = platform.jobs.wait_until_running("ingest").id
        restored = cluster._get(f"/jobs/{second}/checkpoints")["latest"]["restored"]
    platform.jobs.desired.remove("ingest")
    assert platform.jobs.cancel("ingest")
    assert f"/ingest/{first}/chk-" in restored["external_path"]


def test_the_writers_stop_before_what_they_write_to() -> None:
    assert list(StopStage) == [StopStage.SINKS, StopStage.PROCESSING, StopStage.STORES, StopStage.LOG]
