from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.history.bounded import BoundedEvents
from operations.history.gather import Gathered, Source, accept_deleted, first_offsets

LOW_END_LAKE = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 29)).map(
    lambda drawn: (drawn[0], drawn[0] + drawn[1], drawn[2])
)


@given(LOW_END_LAKE, st.sampled_from(Source))
def test_every_event_that_there_is_comes_from_one_place(partition: tuple[int, int, int], source: Source) -> None:
    low, end, in_lake = partition
    first = first_offsets({7: (low, end)}, {7: in_lake}, source)[7]
    from_lake = [offset for offset in range(in_lake) if offset < first]
    from_kafka = [offset for offset in range(low, end) if offset >= first]
    assert from_lake + from_kafka == sorted({*range(min(in_lake, end)), *range(low, end)})


def test_kafka_is_read_where_it_can_be_or_only_beyond_the_lake() -> None:
    bounds, in_lake = {0: (10, 50), 1: (0, 50), 2: (0, 50)}, {0: 30, 1: 90}
    assert first_offsets(bounds, in_lake, Source.AUTO) == {0: 10, 1: 0, 2: 0}
    assert first_offsets(bounds, in_lake, Source.LAKE) == {0: 30, 1: 50, 2: 0}


def test_events_are_those_of_the_lake_and_those_of_kafka() -> None:
    assert Gathered(BoundedEvents("topic", {0: 10, 1: 5}, {0: 12, 1: 5}), from_lake=13).events == 15


def test_deleted_records_that_are_accepted_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    accept_deleted(0, 10, 10)
    assert caplog.messages == []
    accept_deleted(0, 10, 15)
    assert caplog.messages == [
        "The records 10 to 14 of events-0 are in neither the lake nor Kafka. SHOP_KAFKA_GAPS accepts that."
    ]
