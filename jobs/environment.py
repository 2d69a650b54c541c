"""The one place that builds a Flink environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import EnvironmentSettings, StreamTableEnvironment, TableEnvironment

from jobs.java_zone import check_java_zone
from schemas.settings import Settings

_JARS_OF_THE_CLUSTER: Final = {"pipeline.jars": ""}
"""The client would send the bridge to Python, 43 MB, with each job; every TaskManager has it among its own jars."""

NOTHING_RESTORED: Final[Mapping[str, str]] = {}
"""Options of a job that its client restores from a checkpoint, or that starts from nothing."""


def stream_environment(settings: Settings, job: str, options: Mapping[str, str]) -> StreamExecutionEnvironment:
    """An environment for one streaming job.

    Args:
        settings: Where things are, and how often to checkpoint.
        job: Name of the job; its checkpoints lie in a folder of that name.
        options: What this job wants beyond ``common_options``, by Flink's names.

    Raises:
        ConfigurationError: Java has no such time zone as the shop's.
        TimeZonesDiffer: It has another one.
    """
    check_java_zone(settings.time_zone)
    configuration = Configuration()
    for key, value in {**common_options(settings, job), **options}.items():
        configuration.set_string(key, value)
    return StreamExecutionEnvironment.get_execution_environment(configuration)


def streaming_environment(settings: Settings, job: str, options: Mapping[str, str]) -> StreamTableEnvironment:
    """A table environment for one streaming job; the arguments are those of ``stream_environment``."""
    return StreamTableEnvironment.create(stream_environment(settings, job, options))


def batch_environment(settings: Settings, job: str) -> TableEnvironment:
    """A table environment for a job whose input ends: it needs no checkpoints, and its results are final.

    Args:
        settings: For the parallelism and the shop's time zone.
        job: Name of the job.

    Raises:
        ConfigurationError: Java has no such time zone as the shop's.
        TimeZonesDiffer: It has another one.
    """
    check_java_zone(settings.time_zone)
    configuration = Configuration()
    for key, value in batch_options(settings, job).items():
        configuration.set_string(key, value)
    return TableEnvironment.create(
        EnvironmentSettings.new_instance().in_batch_mode().with_configuration(configuration).build()
    )


def batch_options(settings: Settings, job: str) -> dict[str, str]:
    """What every job whose input ends is run with, by Flink's names; one that fails is reported, not repeated."""
    return {
        **_JARS_OF_THE_CLUSTER,
        "pipeline.name": job,
        "pipeline.object-reuse": "true",
        "parallelism.default": str(settings.job_parallelism),
        "restart-strategy.type": "none",
        "table.local-time-zone": settings.time_zone,
    }


def common_options(settings: Settings, job: str) -> dict[str, str]:
    """What every job is run with, by Flink's names."""
    return {
        **_JARS_OF_THE_CLUSTER,
        "pipeline.name": job,
        "pipeline.object-reuse": "true",
        "pipeline.auto-watermark-interval": "0 ms",  # no query has watermarks
        "parallelism.default": str(settings.job_parallelism),
        "state.backend.type": settings.state_backend,
        "execution.checkpointing.interval": f"{settings.checkpoint_interval_ms} ms",
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        "execution.checkpointing.storage": "filesystem",
        "execution.checkpointing.dir": f"{settings.checkpoint_url}/{job}",
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "execution.checkpointing.tolerable-failed-checkpoints": "10",
        "table.local-time-zone": settings.time_zone,
    }
