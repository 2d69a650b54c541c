"""Faults of processes: killed at the worst moment, and stopped."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from connections.errors import DependencyUnavailable
from local.faults.fault import PERSONAL, Fault, Stage
from local.faults.scene import Scene
from local.faults.stores import histories_follow_from_events
from local.faults.victims import nobody_restarts, wait_until, workers_that_know
from operations.lag import pipeline_lag

STOPPABLE: Final = (
    "kafka",
    "registry",
    "redis",
    "clickhouse",
    "jobmanager",
    "taskmanager",
    "sink",
    "sink-redis",
    "sink-lake",
)


def nothing(_scene: Scene) -> None:
    """The control: what the other figures are to be compared with."""


def kill_part(part: str) -> Callable[[Scene], None]:
    """Kill -9 of a part."""
    return lambda scene: scene.kill(part)


def kill_taskmanager_again_and_again(scene: Scene) -> None:
    """Kill -9 of the TaskManager, each time as soon as all is counted again."""
    for number in range(1, scene.options.kills + 1):
        scene.tell(f"kill {number} of {scene.options.kills}")
        scene.kill("taskmanager")
        if number < scene.options.kills:
            scene.recover()


def kill_broker_in_transaction(scene: Scene) -> None:
    """Kill -9 of Kafka while records of ingest lie in it that are not committed."""
    wait_until("ingest has written records that are not committed", partial(_has_open_transaction, scene))
    scene.kill("kafka")


def keep_away(part: str) -> Callable[[Scene], None]:
    """Kill -9 of a part that nobody starts again for a while, as the supervisor is stopped as well."""

    def strike(scene: Scene) -> None:
        with nobody_restarts(scene.platform):
            scene.kill(part)
            scene.tell(f"{part} stays away for {scene.options.away_seconds:.0f} s")
            scene.pause(scene.options.away_seconds)

    return strike


def stop(part: str) -> Callable[[Scene], None]:
    """SIGSTOP to a part for some seconds."""

    def strike(scene: Scene) -> None:
        with scene.stopped(part):
            scene.pause(scene.options.stop_seconds)

    return strike


def kill_personaliser(scene: Scene) -> None:
    """Kill -9 of the Python worker that holds a connection to Redis."""
    scene.kill_worker(lambda platform: workers_that_know(platform, "redis"))


def _has_open_transaction(scene: Scene) -> bool:
    try:
        return pipeline_lag(scene.settings).open_transactions > 0
    except DependencyUnavailable:
        return False


FAULTS: Final = (
    Fault(
        "none",
        "nothing; the control to compare the other figures with",
        nothing,
        slow_because="it is there for its figures",
    ),
    Fault("kill-python-worker", "kill -9 of a Python worker of Flink", Scene.kill_worker),
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
        "ClickHouse is killed and stays away",
        keep_away("clickhouse"),
        slow_because="it waits for minutes",
    ),
    Fault(
        "kill-personaliser",
        "kill -9 of personalise's Python worker",
        kill_personaliser,
        Stage(PERSONAL),
        mend=histories_follow_from_events,
        slow_because="it needs a platform with more jobs",
    ),
)

STOPS: Final = tuple(
    Fault(f"stop-{part}", f"SIGSTOP to {part} for some seconds", stop(part), slow_because="there are many of them")
    for part in STOPPABLE
)
