from __future__ import annotations

import pytest

from schemas.errors import ConfigurationError
from schemas.offsets import OffsetRange, Partition
from sinks.core.starting import Start, start_at

STORE = "ClickHouse"
PARTITION = Partition("metrics-sales-daily", 1)


def test_without_a_committed_offset_reading_begins_at_the_first_one_there_is() -> None:
    assert start_at(STORE, PARTITION, None, "", 7, 20) == Start(7)


def test_reading_goes_on_at_the_committed_offset() -> None:
    assert start_at(STORE, PARTITION, 12, "", 7, 20) == Start(12)


def test_a_prepared_range_is_pending() -> None:
    prepared = OffsetRange(PARTITION, 12, 15)
    assert start_at(STORE, PARTITION, 12, prepared.to_metadata(), 7, 20) == Start(12, prepared)


def test_offsets_that_kafka_deleted_unread_are_counted() -> None:
    assert start_at(STORE, PARTITION, 12, "", 15, 20) == Start(15, None, lost=3)


def test_a_store_ahead_of_its_topic_is_an_error() -> None:
    with pytest.raises(
        ConfigurationError,
        match="ClickHouse already holds the records before offset 21 of metrics-sales-daily-1, which ends at 20",
    ):
        start_at(STORE, PARTITION, 21, "", 0, 20)
