"""Jobs that end by themselves, as the training: run over all events there are, and waited for."""

from __future__ import annotations

from collections.abc import Callable

from connections.kafka import CommittedRecords
from coordination.files import locked
from flink.code import job_program
from flink.submission import run_to_end
from local.platform import Platform
from local.sentences import with_sentence_model
from operations.history.events import check_lake_reaches_kafka
from operations.history.gather import Gathered, Progress, RunTopics, Source, accept_deleted, event_bounds, gather
from schemas.settings import Settings


def run_bounded_job(
    platform: Platform,
    name: str,
    source: Source,
    progress: Progress,
    until_complete: Callable[[], None] = lambda: None,
) -> Gathered:
    """Run a job over all events there are, and wait until it has ended; one at a time.

    Who stops waiting stops it.

    Args:
        platform: Where it runs.
        name: The job, one of BOUNDED_JOBS.
        source: Where its events come from.
        progress: Told what is being done.
        until_complete: Waits until all events are there that the job is to read; its program starts meanwhile.

    Raises:
        ConfigurationError: There is no such job.
        ContractError: Events are in neither the lake nor Kafka, which SHOP_KAFKA_GAPS may accept.
        DependencyUnavailable: A server does not answer.
        DownloadError: The connectors cannot be had.
        JobError: It fails.
    """
    job_program(name)
    platform.jars.fetch()
    asked = platform.settings
    gathered: list[Gathered] = []

    def gather_events() -> str:
        until_complete()
        with CommittedRecords(asked) as records:
            bounds = event_bounds(records)
        check_reach = accept_deleted if asked.kafka_gaps == "accept" else check_lake_reaches_kafka
        gathered.append(gather(asked, bounds, source, topics, progress, check_reach))
        progress(f"Running {name} ...")
        return gathered[0].input.to_json()

    settings = with_sentence_model(asked, platform.jars)
    with locked(platform.data.root / f"submit-{name}.lock"), RunTopics(asked, name) as topics:
        _run_to_end(platform, name, settings, gather_events)
    return gathered[0]


def _run_to_end(platform: Platform, name: str, settings: Settings, argument: Callable[[], str]) -> None:
    try:
        run_to_end(name, settings, platform.jobs.client(settings), platform.data.log(f"submit-{name}"), argument)
    except BaseException:
        platform.jobs.cancel(name)
        raise
