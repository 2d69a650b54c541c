"""Faults of the log: what was to be read next is deleted, and everything is sent again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from connections.errors import DependencyUnavailable, RecordsDeleted
from connections.kafka import CommittedRecords
from lake.manifest import ends, read_manifest
from lake.storage import lake_storage
from local.faults.fault import METRICS, Fault, NotAsPromised, Stage
from local.faults.scene import Scene
from local.faults.victims import wait_until
from local.platform import Platform
from local.status import PlatformReport, report
from operations.lag import ends_with_open, wait_until_read, wait_until_settled
from schemas.results import results_of
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, EVENTS, INGEST, consumer_group

JOB: Final = "analytics"
SINK: Final = "sink"
SAID: Final = "Kafka has deleted"
UNREAD_RECORDS: Final = 2_000
SECONDS: Final = 300.0
LAKE_SOON: Final = Stage(METRICS, {**Stage().settings, "lake_batch_ms": 3_000}, own="log")
REPLAYS: Final = 2
_REPLAYED: Final = re.compile(r"([\d,]+) events, acknowledged by Kafka")


def cut_before_a_job_and_a_sink(scene: Scene) -> None:
    """Cut ``events`` behind what analytics and the sink were to read next: both must stop and say so."""
    settings, jobs = scene.settings, scene.platform.jobs
    scene.tell(f"{JOB} is cancelled and {SINK} is stopped, while the shop goes on")
    _cancel(scene, JOB)
    with scene.stopped(SINK):
        _let_more_come(scene)
        with scene.shop.closed():
            wait_until("the lake has every event", partial(_lake_has, settings, _ends_at_rest(settings)))
            cut_log(scene, (EVENTS,))
    _must_refuse(scene, JOB)
    jobs.desired.add(JOB)
    _wait_for_status(scene, f"{SINK} and {JOB} say that records are deleted", _says_deleted(SINK, JOB))
    scene.tell("healing as their messages say")
    scene.run("rebuild", "clickhouse", "--table", EVENTS)
    _accept(scene, JOB)


def backfill_from_lake(scene: Scene) -> None:
    """What analytics never saw is in the lake: put its results right."""
    scene.tell("putting the results right from the lake")
    wait_until_settled(scene.settings, lambda _lag: None, SECONDS)
    scene.run("backfill", "--metrics", ",".join(result.name for result in results_of(JOB)), "--swap")


def cut_before_ingest(scene: Scene) -> None:
    """Cut the domain topics behind what ingest was to read next: it must stop; what is lost is sent once more."""
    with scene.shop.remembering() as lost:
        with scene.shop.closed():
            wait_until_settled(scene.settings, lambda _lag: None, SECONDS)
            lost.clear()
            _cancel(scene, INGEST)
        _let_more_come(scene)
        with scene.shop.closed():
            cut_log(scene, DOMAIN_TOPICS)
            known = len(lost)
    _must_refuse(scene, INGEST)
    scene.platform.jobs.desired.add(INGEST)
    _wait_for_status(scene, f"{INGEST} says that records are deleted", _says_deleted(INGEST))
    scene.tell(f"healing as its message says: {known:,} records are sent again")
    _accept(scene, INGEST)
    scene.shop.send(lost[:known])


def replay_twice(scene: Scene) -> None:
    """Publish every event of the past again, twice."""
    scene.recover()
    for number in range(REPLAYS):
        scene.tell(f"replay {number + 1} of {REPLAYS}")
        told = scene.run("replay", "--from", "2000-01-01", "--to", "2098-12-31")
        found = _REPLAYED.search(told)
        if found is None:
            message = f"'./shop replay' did not say how many events it sent: {told}"
            raise NotAsPromised(message)
        scene.shop.repeated += int(found[1].replace(",", ""))


def cut_log(scene: Scene, topics: tuple[str, ...]) -> None:
    """Delete every record of these topics, as retention does."""
    scene.tell(f"{', '.join(topics)}: every record is deleted")
    settings = scene.settings
    with CommittedRecords(settings) as records:
        everything = [
            TopicPartition(topic, partition, records.bounds(topic, partition)[1])
            for topic in topics
            for partition in records.partitions(topic)
        ]
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers, "log_level": 2})
    for deleted in admin.delete_records(everything, request_timeout=settings.http_timeout_seconds).values():
        deleted.result(settings.http_timeout_seconds)
    scene.shop.log_is_cut = True


def _cancel(scene: Scene, job: str) -> None:
    scene.platform.jobs.desired.remove(job)
    scene.platform.jobs.cancel(job)


def _let_more_come(scene: Scene) -> None:
    scene.trade.wait_for(scene.trade.records + UNREAD_RECORDS)


def _lake_has(settings: Settings, wanted: Mapping[tuple[str, int], int]) -> bool:
    found = ends(read_manifest(lake_storage(settings)))
    return all(found.get(partition, 0) >= end for partition, end in wanted.items())


def _ends_at_rest(settings: Settings) -> Mapping[tuple[str, int], int]:
    """Where ``events`` ends once ingest has passed on all that there is."""
    wait_until_read(settings, consumer_group(INGEST), ends_with_open(settings, DOMAIN_TOPICS), SECONDS)
    return ends_with_open(settings, (EVENTS,))


def _must_refuse(scene: Scene, job: str) -> None:
    """Submit a job that cannot go on.

    Raises:
        NotAsPromised: It is submitted all the same.
    """
    try:
        done = scene.platform.jobs.ensure(job)
    except RecordsDeleted as refusal:
        scene.tell(f"refused, as it must be: {refusal}")
    else:
        message = f"{job} was submitted from {done.restored_from}, though what it was to read next is deleted."
        raise NotAsPromised(message)


def _says_deleted(*names: str) -> Callable[[PlatformReport], bool]:
    def says(found: PlatformReport) -> bool:
        said = {name: part.status.problem for name, part in found.parts.items()}
        said |= {job.name: job.problem for job in found.jobs}
        return not found.is_well and all(SAID in said[name] for name in names)

    return says


def _wait_for_status(scene: Scene, what: str, condition: Callable[[PlatformReport], bool]) -> None:
    """Wait until ``./shop status`` would tell."""

    def holds() -> bool:
        try:
            return condition(report(scene.settings))
        except DependencyUnavailable:
            return False

    wait_until(f"'./shop status' tells that {what}", holds)


def _accept(scene: Scene, job: str) -> None:
    """Submit a job that goes on without what is deleted, as ``SHOP_KAFKA_GAPS=accept ./shop submit`` does."""
    accepting = Platform(scene.settings.model_copy(update={"kafka_gaps": "accept"}))
    accepting.jobs.ensure(job)
    accepting.jobs.wait_until_running(job)


FAULTS: Final = (
    Fault(
        "log-cut",
        "events is deleted in Kafka before analytics and the sink have read it: both stop and say so, nothing is "
        "passed over; then it is brought back from the lake",
        cut_before_a_job_and_a_sink,
        LAKE_SOON,
        mend=backfill_from_lake,
        slow_because="it needs a platform of its own",
    ),
    Fault(
        "log-cut-ingest",
        "the domain topics are deleted in Kafka before ingest has read them: it stops and says so; then they are sent "
        "again",
        cut_before_ingest,
        LAKE_SOON,
        slow_because="it needs a platform of its own",
    ),
    Fault("replay-twice", f"'./shop replay' of everything, {REPLAYS} times", replay_twice),
)
