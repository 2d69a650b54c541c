"""Faults at the stores: a sink that dies around an acknowledgement, a Redis that dies or forgets, two owners."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import Any, Final

from connections.kafka import group_commits
from connections.redis import connect, redis_errors
from local.commands import environment_of, shop_command
from local.faults.fault import PERSONAL, Fault, NotAsPromised, Stage
from local.faults.scene import Scene
from local.faults.victims import wait_until
from local.paths import ROOT
from operations.lag import wait_until_settled
from operations.rebuild.redis import rebuild_as_of, rebuild_redis
from schemas.settings import Settings
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.store import TABLES
from sinks.core.ranges import OffsetRange, Partition
from sinks.core.source import GROUP

SINK: Final = "sink"
SECONDS: Final = 120.0
ACKNOWLEDGED_SECONDS: Final = 2.0
"""So long a ClickHouse that goes on again is given until it has begun the inserts that lie in its sockets."""

OTHER_DATABASE: Final = 1
HISTORIES: Final = "user:*:history"


def kill_sink_before_acknowledgement(scene: Scene) -> None:
    """Kill -9 of the sink while ClickHouse, which is stopped, has its insert and has not answered."""
    with scene.stopped("clickhouse"):
        wait_until("the sink has written down a range", lambda: bool(written_down(scene.settings)))
        scene.pause(1.0)
        scene.tell(f"{written_down(scene.settings)} is under way")
        scene.kill(SINK)


def kill_sink_after_acknowledgement(scene: Scene) -> None:
    """Kill -9 of the sink when ClickHouse has its rows and Kafka, which is stopped, does not learn of it."""
    with ExitStack() as kafka:
        with scene.stopped("clickhouse"):
            wait_until("the sink has written down a range", lambda: bool(written_down(scene.settings)))
            scene.tell(f"{written_down(scene.settings)} is under way")
            kafka.enter_context(scene.stopped("kafka"))
        scene.pause(ACKNOWLEDGED_SECONDS)
        wait_until("ClickHouse has no insert to answer", lambda: not _inserts(scene.settings))
        scene.kill(SINK)


def written_down(settings: Settings) -> list[str]:
    """The ranges that the sink has written down and not finished, by their tokens."""
    return [
        OffsetRange.from_metadata(Partition(each.topic, each.partition), each.metadata).token
        for each in group_commits(settings, GROUP, TABLES)
        if each.metadata
    ]


def flush_redis(scene: Scene) -> None:
    """Delete every key of Redis, then bring them back as the operator does."""
    scene.tell("FLUSHALL")
    with closing(connect(scene.settings.redis_url, scene.settings.http_timeout_seconds)) as client:
        client.flushall()
    rebuild_redis(scene.settings, SECONDS, lambda _line: None)


def histories_follow_from_events(scene: Scene) -> None:
    """Compare each person's history in Redis with what follows from all events, made anew in another database.

    Raises:
        NotAsPromised: They differ.
    """
    settings = scene.settings
    scene.tell("comparing what Redis holds with what follows from the events")
    wait_until_settled(settings, lambda _lag: None, SECONDS)
    other = f"{settings.redis_url.rsplit('/', 1)[0]}/{OTHER_DATABASE}"
    _forget(settings, other)
    rebuild_as_of(settings, datetime.now(UTC), other, lambda _line: None)
    must = _histories(settings, other)
    wait_until(
        f"Redis holds {len(must):,} histories", lambda: _histories(settings, settings.redis_url) == must, SECONDS
    )
    if not must:
        raise NotAsPromised("No event left a history in Redis.")


def start_a_second_platform(scene: Scene) -> None:
    """Start another supervisor, and another owner of ClickHouse, on the same directories."""
    clickhouse = [sys.executable, "-P", "-m", "local.clickhouse"]
    clickhouse += ["--path", str(scene.platform.data.of("clickhouse")), "--port", "0"]
    _must_be_refused(scene, shop_command("supervise"))
    _must_be_refused(scene, clickhouse)


def _must_be_refused(scene: Scene, command: list[str]) -> None:
    program = " ".join(command[2:5])
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment_of(scene.settings),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        message = f"A second '{program}' runs on the same directory."
        raise NotAsPromised(message) from error
    if done.returncode == 0:
        message = f"A second '{program}' on the same directory ended well."
        raise NotAsPromised(message)
    scene.tell(f"refused, as it must be: {(done.stderr or done.stdout).strip().splitlines()[-1]}")


def _inserts(settings: Settings) -> int:
    with closing(ClickHouse(settings)) as clickhouse:
        return int(clickhouse.ask("SELECT count() FROM system.processes WHERE startsWith(query, 'INSERT INTO ')"))


def _forget(settings: Settings, url: str) -> None:
    with closing(connect(url, settings.http_timeout_seconds)) as client, redis_errors(url):
        client.flushdb()


def _histories(settings: Settings, url: str) -> dict[bytes, Any]:
    """User's key -> each thing done with a product, and when."""
    with closing(connect(url, settings.http_timeout_seconds)) as client, redis_errors(url):
        keys = list(client.scan_iter(match=HISTORIES, count=1_000))
        with client.pipeline(transaction=False) as asked:
            for key in keys:
                asked.zrange(key, 0, -1, withscores=True)
            return dict(zip(keys, asked.execute(), strict=True))


FAULTS: Final = (
    Fault(
        "sink-before-acknowledgement",
        "kill -9 of the ClickHouse sink while its insert is not acknowledged",
        kill_sink_before_acknowledgement,
    ),
    Fault(
        "sink-after-acknowledgement",
        "kill -9 of the ClickHouse sink when its insert is acknowledged and not yet noted in Kafka",
        kill_sink_after_acknowledgement,
    ),
    Fault(
        "two-platforms",
        "a second supervisor, and a second owner of ClickHouse, on the same directories: refused",
        start_a_second_platform,
    ),
    Fault(
        "kill-redis",
        "kill -9 of Redis; histories are compared as well",
        lambda scene: scene.kill("redis"),
        Stage(PERSONAL),
        mend=histories_follow_from_events,
        slow_because="it needs a platform with more jobs",
    ),
    Fault(
        "flush-redis",
        "FLUSHALL in Redis, then './shop rebuild redis'; histories are compared as well",
        flush_redis,
        Stage(PERSONAL),
        mend=histories_follow_from_events,
        slow_because="it needs a platform with more jobs",
    ),
)
