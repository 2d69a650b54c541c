"""Faults at the stores: a sink killed around an acknowledgement, Redis killed or flushed, two owners."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import Any, Final

from connections.kafka import group_commits
from connections.redis import connect, redis_errors
from local.commands import environment_of, shop_command
from local.faults.context import FaultContext
from local.faults.expectation import ExpectationFailed, expect
from local.faults.fault import Fault
from local.paths import ROOT
from operations.lag import wait_until_settled
from operations.rebuild.redis import rebuild_as_of, rebuild_redis
from schemas.offsets import OffsetRange, Partition
from schemas.settings import Settings
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.description import CLICKHOUSE

SINK: Final = "sink"
SECONDS: Final = 120.0
INSERT_BEGINS_SECONDS: Final = 2.0
"""Time for a ClickHouse that goes on again to begin the inserts that wait in its sockets."""

OTHER_DATABASE: Final = 1
HISTORIES: Final = ("user:*:history", "user:*:visitors", "visitor:*:identity")


def kill_sink_before_acknowledgement(context: FaultContext) -> None:
    """Kill -9 of the sink while ClickHouse, which is stopped, has its insert and has not answered."""
    with context.stopped("clickhouse"):
        expect("the sink has prepared a range", lambda: bool(prepared_ranges(context.settings)))
        context.pause(1.0)
        context.log(f"{prepared_ranges(context.settings)} is under way")
        context.kill(SINK)


def kill_sink_after_acknowledgement(context: FaultContext) -> None:
    """Kill -9 of the sink when ClickHouse has its rows and Kafka, which is stopped, does not get the commit."""
    with ExitStack() as kafka:
        with context.stopped("clickhouse"):
            expect("the sink has prepared a range", lambda: bool(prepared_ranges(context.settings)))
            context.log(f"{prepared_ranges(context.settings)} is under way")
            kafka.enter_context(context.stopped("kafka"))
        context.pause(INSERT_BEGINS_SECONDS)
        expect("ClickHouse has answered every insert", lambda: not _inserts(context.settings))
        context.kill(SINK)


def prepared_ranges(settings: Settings) -> list[str]:
    """Tokens of the ranges that the sink has prepared and not committed."""
    return [
        str(OffsetRange.from_metadata(Partition(each.topic, each.partition), each.metadata))
        for each in group_commits(settings, CLICKHOUSE.group, CLICKHOUSE.topics)
        if each.metadata
    ]


def flush_redis(context: FaultContext) -> None:
    """Delete every key of Redis, then rebuild them as an operator does."""
    context.log("FLUSHALL")
    with closing(connect(context.settings.redis_url, context.settings.http_timeout_seconds)) as client:
        client.flushall()
    rebuild_redis(context.settings, SECONDS, lambda _line: None)


def compare_histories(context: FaultContext) -> None:
    """Compare each user's history in Redis with one that is rebuilt from all events in another database.

    Raises:
        ExpectationFailed: They differ.
    """
    settings = context.settings
    context.log("comparing the histories in Redis with those rebuilt from all events")
    wait_until_settled(settings, lambda _lag: None, SECONDS)
    other = f"{settings.redis_url.rsplit('/', 1)[0]}/{OTHER_DATABASE}"
    _flush(settings, other)
    rebuild_as_of(settings, datetime.now(UTC), other, lambda _line: None)
    expected = _histories(settings, other)
    expect(
        f"Redis holds {len(expected):,} histories",
        lambda: _histories(settings, settings.redis_url) == expected,
        SECONDS,
    )
    if not expected:
        raise ExpectationFailed("No event left a history in Redis.")


def start_a_second_platform(context: FaultContext) -> None:
    """Start another supervisor, and another owner of ClickHouse, on the same directories."""
    clickhouse = [sys.executable, "-P", "-m", "local.clickhouse"]
    clickhouse += ["--path", str(context.platform.data.of("clickhouse")), "--port", "0"]
    _expect_refusal(context, shop_command("supervise"))
    _expect_refusal(context, clickhouse)


def _expect_refusal(context: FaultContext, command: list[str]) -> None:
    program = " ".join(command[2:5])
    try:
        process = subprocess.run(
            command,
            cwd=ROOT,
            env=environment_of(context.settings),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        message = f"A second '{program}' runs on the same directory."
        raise ExpectationFailed(message) from error
    if process.returncode == 0:
        message = f"A second '{program}' on the same directory ends without an error."
        raise ExpectationFailed(message)
    context.log(f"refused, as expected: {(process.stderr or process.stdout).strip().splitlines()[-1]}")


def _inserts(settings: Settings) -> int:
    with closing(ClickHouse(settings)) as clickhouse:
        return int(clickhouse.ask("SELECT count() FROM system.processes WHERE startsWith(query, 'INSERT INTO ')"))


def _flush(settings: Settings, url: str) -> None:
    with closing(connect(url, settings.http_timeout_seconds)) as client, redis_errors(url):
        client.flushdb()


def _histories(settings: Settings, url: str) -> dict[bytes, Any]:
    """Key of a user or a visitor -> the interactions in the history, or links and sign-outs, and when they were."""
    with closing(connect(url, settings.http_timeout_seconds)) as client, redis_errors(url):
        keys = [key for pattern in HISTORIES for key in client.scan_iter(match=pattern, count=1_000)]
        with client.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.zrange(key, 0, -1, withscores=True)
            return dict(zip(keys, pipeline.execute(), strict=True))


FAULTS: Final = (
    Fault(
        "sink-before-acknowledgement",
        "kill -9 of the ClickHouse sink while its insert is not acknowledged",
        kill_sink_before_acknowledgement,
    ),
    Fault(
        "sink-after-acknowledgement",
        "kill -9 of the ClickHouse sink when its insert is acknowledged and not yet committed in Kafka",
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
        lambda context: context.kill("redis"),
        repair=compare_histories,
        slow_because="it needs jobs that no table of the ledger does",
    ),
    Fault(
        "flush-redis",
        "FLUSHALL in Redis, then './shop rebuild redis'; histories are compared as well",
        flush_redis,
        repair=compare_histories,
        slow_because="it needs jobs that no table of the ledger does",
    ),
)
