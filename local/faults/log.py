"""Faults of the log: records are deleted before they are read, and everything is published again."""

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
from local.faults.context import FaultContext
from local.faults.expectation import ExpectationFailed, expect
from local.faults.fault import Fault, PlatformSpec
from local.platform import Platform
from local.status import PlatformReport, report
from operations.lag import ends_with_open, wait_until_read, wait_until_settled
from schemas.offsets import Partition
from schemas.results import results_of
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, EVENTS, INGEST, consumer_group

JOB: Final = "analytics"
SINK: Final = "sink"
MESSAGE: Final = "Kafka has deleted"
"""By which status shows that a reader has stopped at deleted records."""
UNREAD_RECORDS: Final = 2_000
SECONDS: Final = 600.0
FREQUENT_LAKE_FILES: Final = PlatformSpec(settings={**PlatformSpec().settings, "lake_batch_ms": 3_000}, isolation="log")
REPLAYS: Final = 2
_REPLAYED_EVENTS: Final = re.compile(r"([\d,]+) events, acknowledged by Kafka")


def delete_before_job_and_sink_read(context: FaultContext) -> None:
    """Delete ``events`` before analytics and the sink have read them: both must stop and report it."""
    settings, jobs = context.settings, context.platform.jobs
    context.log(f"{JOB} is cancelled and {SINK} is stopped, while the load goes on")
    _cancel(context, JOB)
    with context.stopped(SINK):
        _wait_for_unread_records(context)
        with context.generator.paused():
            expect("the lake has every event", partial(_lake_has, settings, _ends_after_ingest(settings)))
            delete_log_records(context, (EVENTS,))
    _expect_refusal(context, JOB)
    jobs.desired.add(JOB)
    _wait_for_status(context, f"{SINK} and {JOB} stop at deleted records", _reports_deleted_records(SINK, JOB))
    context.log("repairing as their messages tell")
    context.run("rebuild", "clickhouse", "--table", EVENTS)
    _accept(context, JOB)


def backfill_from_lake(context: FaultContext) -> None:
    """Backfill the results of analytics from the lake, which has the records that it never read."""
    context.log("backfilling the results from the lake")
    wait_until_settled(context.settings, lambda _lag: None, SECONDS)
    context.run("backfill", "--metrics", ",".join(result.name for result in results_of(JOB)), "--swap")


def delete_before_ingest_reads(context: FaultContext) -> None:
    """Delete records of the domain topics before ingest has read them: it must stop; the records are sent again."""
    with context.generator.recording() as recorded:
        with context.generator.paused():
            wait_until_settled(context.settings, lambda _lag: None, SECONDS)
            recorded.clear()
            _cancel(context, INGEST)
        _wait_for_unread_records(context)
        with context.generator.paused():
            delete_log_records(context, DOMAIN_TOPICS)
            known = len(recorded)
    _expect_refusal(context, INGEST)
    context.platform.jobs.desired.add(INGEST)
    _wait_for_status(context, f"{INGEST} stops at deleted records", _reports_deleted_records(INGEST))
    context.log(f"repairing as its message tells: {known:,} records are sent again")
    _accept(context, INGEST)
    context.generator.send_again(recorded[:known])


def replay_twice(context: FaultContext) -> None:
    """Publish every event again, twice."""
    context.recover()
    for number in range(REPLAYS):
        context.log(f"replay {number + 1} of {REPLAYS}")
        output = context.run("replay", "--from", "2000-01-01", "--to", "2098-12-31")
        match = _REPLAYED_EVENTS.search(output)
        if match is None:
            message = f"'./shop replay' did not print how many events it sent: {output}"
            raise ExpectationFailed(message)
        context.generator.republished += int(match[1].replace(",", ""))


def delete_log_records(context: FaultContext, topics: tuple[str, ...]) -> None:
    """Delete every record of these topics, as retention does."""
    context.log(f"{', '.join(topics)}: every record is deleted")
    settings = context.settings
    with CommittedRecords(settings) as records:
        log_ends = [
            TopicPartition(topic, partition, records.bounds(topic, partition)[1])
            for topic in topics
            for partition in records.partitions(topic)
        ]
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers, "log_level": 2})
    for deleted in admin.delete_records(log_ends, request_timeout=settings.http_timeout_seconds).values():
        deleted.result(settings.http_timeout_seconds)
    context.generator.is_log_truncated = True


def _cancel(context: FaultContext, job: str) -> None:
    context.platform.jobs.desired.remove(job)
    context.platform.jobs.cancel(job)


def _wait_for_unread_records(context: FaultContext) -> None:
    context.load.wait_for(context.load.records + UNREAD_RECORDS)


def _lake_has(settings: Settings, expected_ends: Mapping[Partition, int]) -> bool:
    lake_ends = ends(read_manifest(lake_storage(settings)))
    return all(lake_ends.get(partition, 0) >= end for partition, end in expected_ends.items())


def _ends_after_ingest(settings: Settings) -> Mapping[Partition, int]:
    """Where ``events`` ends once ingest has read all records."""
    wait_until_read(settings, consumer_group(INGEST), ends_with_open(settings, DOMAIN_TOPICS), SECONDS)
    return ends_with_open(settings, (EVENTS,))


def _expect_refusal(context: FaultContext, job: str) -> None:
    """Submit a job that cannot go on.

    Raises:
        ExpectationFailed: It is submitted nevertheless.
    """
    try:
        submitted = context.platform.jobs.ensure(job)
    except RecordsDeleted as refusal:
        context.log(f"refused, as expected: {refusal}")
    else:
        message = f"{job} was submitted from {submitted.restored_from}, though what it reads next is deleted."
        raise ExpectationFailed(message)


def _reports_deleted_records(*names: str) -> Callable[[PlatformReport], bool]:
    def reports_it(platform: PlatformReport) -> bool:
        problems = {name: part.status.problem for name, part in platform.parts.items()}
        problems |= {job.name: job.problem for job in platform.jobs}
        return not platform.is_well and all(MESSAGE in problems[name] for name in names)

    return reports_it


def _wait_for_status(context: FaultContext, description: str, condition: Callable[[PlatformReport], bool]) -> None:
    """Wait until ``./shop status`` shows it."""

    def holds() -> bool:
        try:
            return condition(report(context.settings))
        except DependencyUnavailable:
            return False

    expect(f"'./shop status' shows that {description}", holds)


def _accept(context: FaultContext, job: str) -> None:
    """Submit a job that goes on without what is deleted, as ``SHOP_KAFKA_GAPS=accept ./shop submit`` does."""
    accepting = Platform(context.settings.model_copy(update={"kafka_gaps": "accept"}))
    accepting.jobs.ensure(job)
    accepting.jobs.wait_until_running(job)


FAULTS: Final = (
    Fault(
        "log-cut",
        "events is deleted in Kafka before analytics and the sink have read it: both stop and report it, nothing is "
        "skipped; then it is restored from the lake",
        delete_before_job_and_sink_read,
        FREQUENT_LAKE_FILES,
        repair=backfill_from_lake,
        slow_because="it needs a platform of its own",
    ),
    Fault(
        "log-cut-ingest",
        "the domain topics are deleted in Kafka before ingest has read them: it stops and reports it; then they are "
        "sent again",
        delete_before_ingest_reads,
        FREQUENT_LAKE_FILES,
        slow_because="it needs a platform of its own",
    ),
    Fault("replay-twice", f"'./shop replay' of everything, {REPLAYS} times", replay_twice),
)
