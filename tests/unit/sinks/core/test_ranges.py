from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ConfigurationError, ContractError
from sinks.core.ranges import OffsetRange, Partition, Start, start_at

PARTITION = Partition("metrics-sales-daily", 1)
OFFSETS = st.integers(0, 2**62)


def test_a_token_is_topic_partition_first_last() -> None:
    assert OffsetRange(PARTITION, 10, 19).token == "metrics-sales-daily-1-10-19"


@given(OFFSETS, OFFSETS)
def test_a_range_comes_back_from_its_metadata(first: int, last: int) -> None:
    span = OffsetRange(PARTITION, first, last)
    assert OffsetRange.from_metadata(PARTITION, span.to_metadata()) == span


@pytest.mark.parametrize("metadata", ["x", "{}", "[]", '{"first": 1}', '{"first": null, "last": 2}'])
def test_metadata_of_another_program_is_refused(metadata: str) -> None:
    with pytest.raises(ContractError, match="metrics-sales-daily-1 carries"):
        OffsetRange.from_metadata(PARTITION, metadata)


def test_without_a_committed_offset_reading_begins_at_the_first_one_there_is() -> None:
    assert start_at(PARTITION, None, "", 7, 20) == Start(7)


def test_reading_goes_on_at_the_committed_offset() -> None:
    assert start_at(PARTITION, 12, "", 7, 20) == Start(12)


def test_a_written_down_range_is_pending() -> None:
    span = OffsetRange(PARTITION, 12, 15)
    assert start_at(PARTITION, 12, span.to_metadata(), 7, 20) == Start(12, span)


def test_offsets_that_kafka_deleted_unread_are_counted() -> None:
    assert start_at(PARTITION, 12, "", 15, 20) == Start(15, None, lost=3)


def test_a_table_ahead_of_its_topic_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="before offset 21 of metrics-sales-daily-1, which ends at 20"):
        start_at(PARTITION, 21, "", 0, 20)
