"""Where reading begins is committed once the client's callback is over, and only by who still owns the partition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import OFFSET_INVALID, TopicPartition

from schemas.settings import Settings
from sinks.clickhouse.description import CLICKHOUSE
from sinks.core import source
from sinks.core.source import KafkaSource

FIRST, END = 3, 9
Callback = Callable[[Any, list[TopicPartition]], None]


class Member:
    """A consumer that is given a partition of which its group has read nothing, and perhaps loses it at once."""

    def __init__(self, loses_it: bool) -> None:
        self._loses_it = loses_it
        self.commits: list[tuple[str, int, int]] = []

    def subscribe(self, _topics: Any, on_assign: Callback, on_revoke: Callback, on_lost: Callback) -> None:
        self._on_assign, self._on_revoke = on_assign, on_revoke

    def consume(self, _most: int, _seconds: float) -> list[Any]:
        self._on_assign(self, [TopicPartition("events", 0)])
        assert self.commits == []
        if self._loses_it:
            self._on_revoke(self, [TopicPartition("events", 0)])
        return []

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        return [TopicPartition(each.topic, each.partition, OFFSET_INVALID) for each in partitions]

    def get_watermark_offsets(self, _partition: TopicPartition, timeout: float) -> tuple[int, int]:
        return FIRST, END

    def assign(self, _partitions: Any) -> None:
        """Reading would begin."""

    def resume(self, _partitions: Any) -> None:
        """Nothing was paused."""

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> list[TopicPartition]:
        assert not asynchronous
        self.commits += [(each.topic, each.partition, each.offset) for each in offsets]
        return offsets


class Nobody:
    def assigned(self, starts: Any) -> None:
        """Nobody gathers what is read."""

    def revoked(self, partitions: Any) -> None:
        """Nobody gathers what is read."""


@pytest.mark.parametrize(("loses_it", "commits"), [(False, [("events", 0, FIRST)]), (True, [])])
def test_the_start_of_a_partition_is_committed_by_its_owner_alone(
    monkeypatch: pytest.MonkeyPatch, loses_it: bool, commits: list[tuple[str, int, int]]
) -> None:
    member = Member(loses_it)
    monkeypatch.setattr(source, "Consumer", lambda *_, **__: member)
    reader = KafkaSource(Settings(), CLICKHOUSE, Nobody(), lambda _partition: None)
    reader.read(10, 0.0)
    assert member.commits == commits
