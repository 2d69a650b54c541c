"""Faults of processes: killed at the worst moment, and stopped."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from connections.errors import DependencyUnavailable
from local.faults.context import FaultContext
from local.faults.expectation import expect
from local.faults.fault import Fault
from local.faults.stores import compare_histories
from local.faults.targets import supervisor_stopped, workers_connected_to
from operations.lag import open_transactions
from sinks.registered import SINKS

STOPPABLE: Final = (
    "kafka",
    "registry",
    "redis",
    "clickhouse",
    "jobmanager",
    "taskmanager",
    *(sink.part for sink in SINKS),
)


def nothing(_context: FaultContext) -> None:
    """The control, with which the other figures are compared."""


def kill_part(part: str) -> Callable[[FaultContext], None]:
    """Kill -9 of a part."""
    return lambda context: context.kill(part)


def kill_taskmanager_again_and_again(context: FaultContext) -> None:
    """Kill -9 of the TaskManager, each time as soon as all is counted again."""
    for number in range(1, context.options.kills + 1):
        context.log(f"kill {number} of {context.options.kills}")
        context.kill("taskmanager")
        if number < context.options.kills:
            context.recover()


def kill_broker_in_transaction(context: FaultContext) -> None:
    """Kill -9 of Kafka while it holds records of ingest that are not committed."""
    expect("ingest has written records that are not committed", partial(_has_open_transaction, context))
    context.kill("kafka")


def keep_down(part: str) -> Callable[[FaultContext], None]:
    """Kill -9 of a part, with the supervisor stopped, so that the part stays down for a while."""

    def inject(context: FaultContext) -> None:
        with supervisor_stopped(context.platform):
            context.kill(part)
            context.log(f"{part} stays down for {context.options.away_seconds:.0f} s")
            context.pause(context.options.away_seconds)

    return inject


def stop(part: str) -> Callable[[FaultContext], None]:
    """SIGSTOP to a part for some seconds."""

    def inject(context: FaultContext) -> None:
        with context.stopped(part):
            context.pause(context.options.stop_seconds)

    return inject


def kill_personaliser(context: FaultContext) -> None:
    """Kill -9 of the Python worker that holds a connection to Redis."""
    context.kill_worker(lambda platform: workers_connected_to(platform, "redis"))


def _has_open_transaction(context: FaultContext) -> bool:
    try:
        return open_transactions(context.settings) > 0
    except DependencyUnavailable:
        return False


FAULTS: Final = (
    Fault(
        "none",
        "nothing; the control to compare the other figures with",
        nothing,
        slow_because="it is there for its figures",
    ),
    Fault("kill-python-worker", "kill -9 of a Python worker of Flink", FaultContext.kill_worker),
    Fault("kill-jobmanager", "kill -9 of Flink's JobManager", kill_part("jobmanager")),
    Fault("kill-broker", "kill -9 of Kafka while a transaction of ingest is open", kill_broker_in_transaction),
    Fault("kill-clickhouse", "kill -9 of the owner of ClickHouse's directory", kill_part("clickhouse")),
    Fault(
        "kill-registry",
        "kill -9 of the schema registry",
        kill_part("registry"),
        slow_because="unknown-schema kills the registry as well",
    ),
    Fault(
        "kill-taskmanager",
        "kill -9 of Flink's TaskManager, ten times, each as soon as all is counted again",
        kill_taskmanager_again_and_again,
    ),
    Fault(
        "away-clickhouse",
        "ClickHouse is killed and stays down",
        keep_down("clickhouse"),
        slow_because="it waits for minutes",
    ),
    Fault(
        "kill-personaliser",
        "kill -9 of personalise's Python worker",
        kill_personaliser,
        repair=compare_histories,
        slow_because="it needs jobs that no table of the ledger does",
    ),
)

STOPS: Final = tuple(
    Fault(f"stop-{part}", f"SIGSTOP to {part} for some seconds", stop(part), slow_because="there are many of them")
    for part in STOPPABLE
)
