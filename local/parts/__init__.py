"""The parts of the embedded platform: how each is prepared, started and probed."""

from __future__ import annotations

from local.downloads import Jars
from local.flink import FlinkDistribution
from local.parts.base import Part
from local.parts.clickhouse import ClickHouse
from local.parts.collector import Collector
from local.parts.dashboard import Dashboard
from local.parts.flink import JobManager, TaskManager
from local.parts.kafka import Kafka
from local.parts.redis import Redis
from local.parts.registry import Registry
from local.parts.serving import Serving
from local.parts.sink import Sink
from local.paths import DataDirectory
from schemas.settings import Settings
from sinks.registered import SINKS


def all_parts(settings: Settings, data: DataDirectory, jars: Jars) -> list[Part]:
    """Every part of the platform; the jars are in the cache when one is started."""
    flink = FlinkDistribution(settings, data, jars)
    return [
        Kafka(settings, data, jars),
        Registry(settings, data, jars),
        Redis(settings, data),
        ClickHouse(settings, data),
        JobManager(settings, flink),
        TaskManager(settings, flink),
        *(Sink(settings, sink) for sink in SINKS),
        Collector(settings),
        Serving(settings),
        Dashboard(settings),
    ]
