"""The records that ingest refused, and the events that the collector did, as they stand in ``failed-events``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import cast

from confluent_kafka import Message

from connections.kafka import CommittedRecords
from schemas.errors import ConfigurationError, ContractError
from schemas.failures import (
    HEADER_CLASS,
    HEADER_CUT_FROM,
    HEADER_MESSAGE,
    HEADER_OFFSET,
    HEADER_PARTITION,
    HEADER_STAGE,
    HEADER_TOPIC,
    Reason,
    Stage,
)
from schemas.settings import Settings
from schemas.topics import FAILED_EVENTS

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class FailedEvent:
    """One refused record.

    Attributes:
        failed_at: When it was refused, UTC.
        stage: Who refused it.
        topic: The domain topic it came in. What the collector refused stood in none: its place is that of its copy in
            ``failed-events``.
        partition: Its partition there.
        offset: Its offset there.
        reason: Why it was refused.
        message: The same in words.
        key: Its key, untouched; its user where the collector refused it.
        value: Its value, untouched; None when it had none. Where the collector refused it, JSON; a long one is cut.
        failed_partition: Its partition in ``failed-events``.
        failed_offset: Its offset in ``failed-events``.
        headers: All headers of the record in ``failed-events``.
    """

    failed_at: datetime
    stage: Stage
    topic: str
    partition: int
    offset: int
    reason: Reason
    message: str
    key: bytes | None
    value: bytes | None
    failed_partition: int
    failed_offset: int
    headers: Headers = field(repr=False)

    @property
    def cut_from(self) -> int | None:
        """How many bytes the value had of which only the beginning was kept; None where it is whole."""
        size = dict(self.headers).get(HEADER_CUT_FROM)
        return None if size is None else int(size)


def failed_events(
    settings: Settings,
    reason: Reason | None = None,
    topic: str | None = None,
    limit: int | None = None,
    stage: Stage | None = None,
) -> Iterator[FailedEvent]:
    """What is in ``failed-events`` now, partition by partition, each in the order of its offsets.

    Args:
        settings: Where Kafka is.
        reason: Only those refused for it.
        topic: Only those that came in this domain topic.
        limit: So many at the most.
        stage: Only those that were refused there.

    Raises:
        DependencyUnavailable: Kafka does not answer.
        ConfigurationError: The topic does not exist yet.
        ContractError: A record does not say why it is there.
    """
    matching = (
        failed
        for failed in _all_failed_events(settings)
        if reason in (None, failed.reason) and topic in (None, failed.topic) and stage in (None, failed.stage)
    )
    return islice(matching, limit)


def failed_event_at(settings: Settings, partition: int, offset: int) -> FailedEvent:
    """The record at this place of ``failed-events``.

    Raises:
        ConfigurationError: There is none.
        DependencyUnavailable: Kafka does not answer.
        ContractError: The record does not say why it is there.
    """
    with CommittedRecords(settings) as records:
        if partition in records.partitions(FAILED_EVENTS):
            first, end = records.bounds(FAILED_EVENTS, partition)
            if first <= offset < end:
                for message in records.read(FAILED_EVENTS, partition, offset, offset + 1):
                    return _failed_event(message)
    problem = f"{FAILED_EVENTS} has no record at partition {partition}, offset {offset}. See './shop failed list'."
    raise ConfigurationError(problem)


def failed_event_of(settings: Settings, topic: str, partition: int, offset: int) -> FailedEvent:
    """The record that stood at this place of a domain topic and was refused.

    Raises:
        ConfigurationError: None that stood there was refused.
        DependencyUnavailable: Kafka does not answer.
        ContractError: A record does not say why it is there.
    """
    for failed in failed_events(settings, topic=topic):
        if (failed.partition, failed.offset) == (partition, offset):
            return failed
    problem = f"{FAILED_EVENTS} has no record that came from {topic}/{partition}/{offset}. See './shop failed list'."
    raise ConfigurationError(problem)


def _all_failed_events(settings: Settings) -> Iterator[FailedEvent]:
    with CommittedRecords(settings) as records:
        partitions = records.partitions(FAILED_EVENTS)
        bounds = [records.bounds(FAILED_EVENTS, partition) for partition in partitions]
        for partition, (first, end) in zip(partitions, bounds, strict=True):
            for message in records.read(FAILED_EVENTS, partition, first, end):
                yield _failed_event(message)


def _failed_event(message: Message) -> FailedEvent:
    partition, offset = message.partition(), message.offset()
    assert partition is not None
    assert offset is not None
    headers = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    values = dict(headers)
    try:
        stage = Stage(_text(values, HEADER_STAGE))
        is_copy = stage is Stage.COLLECTOR
        return FailedEvent(
            failed_at=datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC),
            stage=stage,
            topic=FAILED_EVENTS if is_copy else _text(values, HEADER_TOPIC),
            partition=partition if is_copy else int(_text(values, HEADER_PARTITION)),
            offset=offset if is_copy else int(_text(values, HEADER_OFFSET)),
            reason=Reason(_text(values, HEADER_CLASS)),
            message=_text(values, HEADER_MESSAGE),
            key=message.key(),
            value=message.value(),
            failed_partition=partition,
            failed_offset=offset,
            headers=tuple(headers),
        )
    except ValueError as error:
        problem = f"The record {FAILED_EVENTS}/{partition}/{offset} does not say as it should why it is there: {error}"
        raise ContractError(problem) from error


def _text(headers: Mapping[str, bytes | None], name: str) -> str:
    """The text of a header; ValueError when there is none."""
    value = headers.get(name)
    if value is None:
        message = f"header {name} is missing"
        raise ValueError(message)
    return value.decode()
