"""How far ClickHouse's sink is in each topic, by Kafka's offsets alone; blocking, for one thread."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from connections.errors import DependencyUnavailable
from dashboards.service.tables import TABLE_OF
from schemas.settings import Settings
from sinks.clickhouse.description import CLICKHOUSE

log = logging.getLogger(__name__)

CALL_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class TopicEnd:
    """One topic.

    Attributes:
        offsets: Partition -> the offset before which the store has all.
        behind: Committed offsets that it has not; markers and what was compacted away among them.
        newest_ms: The largest time of a record in it, epoch milliseconds; 0 where nobody knows.
    """

    offsets: Mapping[str, int] = field(default_factory=dict)
    behind: int = 0
    newest_ms: int = 0


class SinkOffsets:
    """Asks Kafka how far the sink is.

    Args:
        settings: Where Kafka is.
    """

    def __init__(self, settings: Settings) -> None:
        self._servers = settings.kafka_bootstrap_servers
        timeout_ms = int(CALL_SECONDS * 1000)
        client: dict[str, Any] = {"bootstrap.servers": self._servers, "log_level": 2, "socket.timeout.ms": timeout_ms}
        self._admin = AdminClient({**client, "client.id": "shopstream-dashboard"}, logger=log)
        self._member = Consumer({**client, "group.id": CLICKHOUSE.group, "enable.auto.commit": False}, logger=log)
        self._partitions: list[TopicPartition] = []

    def close(self) -> None:
        """Close the connections."""
        self._member.close()

    def ends(self) -> Mapping[str, TopicEnd]:
        """Topic -> how far the sink is in it; topics that do not exist yet are missing.

        Raises:
            DependencyUnavailable: Kafka does not answer.
        """
        try:
            return self._ends()
        except KafkaException as error:
            self._partitions = []
            raise DependencyUnavailable("Kafka", self._servers, error.args[0].str()) from error

    def _ends(self) -> Mapping[str, TopicEnd]:
        partitions = self._partitions or self._known_partitions()
        committed = self._member.committed(partitions, timeout=CALL_SECONDS)
        ends = self._listed(OffsetSpec.latest())
        newest = self._listed(OffsetSpec.max_timestamp())
        offsets: dict[str, dict[str, int]] = defaultdict(dict)
        behind: dict[str, int] = defaultdict(int)
        times: dict[str, int] = defaultdict(int)
        for each in committed:
            where = (each.topic, each.partition)
            read = max(each.offset, 0)
            offsets[each.topic][f"{each.topic}-{each.partition}"] = read
            behind[each.topic] += max(0, ends[where][0] - read)
            times[each.topic] = max(times[each.topic], newest[where][1])
        return {topic: TopicEnd(offsets[topic], behind[topic], times[topic]) for topic in offsets}

    def _known_partitions(self) -> list[TopicPartition]:
        topics = self._admin.list_topics(timeout=CALL_SECONDS).topics
        self._partitions = [
            TopicPartition(topic, number)
            for topic in TABLE_OF
            if topic in topics
            for number in topics[topic].partitions
        ]
        return self._partitions

    def _listed(self, spec: OffsetSpec) -> dict[tuple[str, int], tuple[int, int]]:
        """Partition -> an offset of it, and the time of the record there."""
        answers = self._admin.list_offsets(dict.fromkeys(self._partitions, spec), request_timeout=CALL_SECONDS)
        results = {partition: answer.result(CALL_SECONDS) for partition, answer in answers.items()}
        return {(p.topic, p.partition): (result.offset, result.timestamp) for p, result in results.items()}
