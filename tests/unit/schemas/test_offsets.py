from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ContractError
from schemas.offsets import OffsetRange, Partition

PARTITION = Partition("metrics-sales-daily", 1)
OFFSETS = st.integers(0, 2**62)


def test_the_text_of_a_range_is_topic_partition_first_last() -> None:
    assert str(OffsetRange(PARTITION, 10, 19)) == "metrics-sales-daily-1-10-19"


@given(OFFSETS, OFFSETS)
def test_a_range_comes_back_from_its_metadata_and_from_its_text(first: int, last: int) -> None:
    offsets = OffsetRange(PARTITION, first, last)
    assert OffsetRange.from_metadata(PARTITION, offsets.to_metadata()) == offsets
    assert OffsetRange.parse(str(offsets)) == offsets


def test_metadata_that_was_committed_by_the_first_version_is_read() -> None:
    assert OffsetRange.from_metadata(PARTITION, '{"first": 3, "last": 9}') == OffsetRange(PARTITION, 3, 9)


@pytest.mark.parametrize("metadata", ["x", "{}", "[]", '{"first": 1}', '{"first": null, "last": 2}'])
def test_metadata_of_another_program_is_refused(metadata: str) -> None:
    with pytest.raises(ContractError, match="metrics-sales-daily-1 carries"):
        OffsetRange.from_metadata(PARTITION, metadata)


def test_a_partition_comes_back_from_its_text() -> None:
    assert Partition.parse(str(PARTITION)) == PARTITION


@pytest.mark.parametrize("text", ["", "events", "events-", "-1", "events-x"])
def test_a_text_that_names_no_partition_is_refused(text: str) -> None:
    with pytest.raises(ContractError, match="names no partition"):
        Partition.parse(text)


def test_a_text_that_is_no_range_is_refused() -> None:
    with pytest.raises(ContractError, match="events-0-x-9 is no range"):
        OffsetRange.parse("events-0-x-9")


@pytest.mark.parametrize(
    ("other", "covered"),
    [
        (OffsetRange(Partition("events", 0), 3, 7), True),
        (OffsetRange(Partition("events", 0), 0, 9), True),
        (OffsetRange(Partition("events", 0), 3, 10), False),
        (OffsetRange(Partition("events", 1), 3, 7), False),
    ],
)
def test_a_range_covers_what_lies_within_it(other: OffsetRange, covered: bool) -> None:
    assert OffsetRange(Partition("events", 0), 0, 9).covers(other) is covered
