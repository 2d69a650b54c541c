from __future__ import annotations

from dataclasses import replace

from schemas.offsets import OffsetRange, Partition
from sinks.core.batches import Batch, Buffers, Limits, PartitionBuffer
from sinks.core.starting import Start

PARTITION = Partition("events", 0)
LIMITS = Limits(rows=3, size_bytes=1_000, age_ms=100, total_bytes=2_000)


def buffer_with(offsets: range, start: Start | None = None) -> PartitionBuffer:
    buffer = PartitionBuffer(PARTITION, start or Start(offsets.start))
    for offset in offsets:
        buffer.append(offset, b"k", b"v", now_ms=0)
    return buffer


def bounds(batch: Batch | None) -> tuple[int, int, int] | None:
    return batch and (batch.range.first, batch.range.last, batch.next_offset)


def test_a_batch_is_due_at_its_number_of_rows() -> None:
    buffer = buffer_with(range(10, 12))
    assert buffer.take(0, LIMITS) is None
    buffer.append(12, b"k", b"v", now_ms=0)
    assert bounds(buffer.take(0, LIMITS)) == (10, 12, 13)
    assert buffer.take(0, LIMITS) is None


def test_a_batch_is_due_at_its_bytes() -> None:
    buffer = buffer_with(range(1))
    buffer.append(1, b"k", b"v" * 1_000, now_ms=0)
    assert bounds(buffer.take(0, LIMITS)) == (0, 1, 2)
    assert buffer.size_bytes == 0


def test_a_batch_is_due_when_its_first_record_has_waited() -> None:
    buffer = buffer_with(range(1))
    assert buffer.take(99, LIMITS) is None
    assert bounds(buffer.take(100, LIMITS)) == (0, 0, 1)


def test_no_batch_has_more_rows_than_the_limit() -> None:
    buffer = buffer_with(range(8))
    assert bounds(buffer.take(0, LIMITS)) == (0, 2, 3)
    assert bounds(buffer.take(0, LIMITS)) == (3, 5, 6)
    assert buffer.take(0, LIMITS) is None


def test_a_record_that_comes_twice_is_gathered_once() -> None:
    buffer = buffer_with(range(2))
    buffer.append(1, b"k", b"v", now_ms=0)
    batch = buffer.take(100, LIMITS)
    assert batch is not None
    assert batch.offsets == [0, 1]


def test_reading_goes_on_behind_what_holds_no_readable_record() -> None:
    buffer = buffer_with(range(2))
    buffer.reached(5)
    assert bounds(buffer.take(100, LIMITS)) == (0, 1, 5)


def test_a_pending_range_is_gathered_exactly_whatever_the_limits() -> None:
    buffer = buffer_with(range(4, 9), Start(4, OffsetRange(PARTITION, 4, 8)))
    assert bounds(buffer.take(0, LIMITS)) == (4, 8, 9)


def test_a_pending_range_waits_for_its_last_record() -> None:
    buffer = buffer_with(range(4, 8), Start(4, OffsetRange(PARTITION, 4, 8)))
    assert buffer.take(10_000, LIMITS) is None
    buffer.append(8, b"k", b"v", now_ms=0)
    buffer.append(9, b"k", b"v", now_ms=0)
    batch = buffer.take(0, LIMITS)
    assert bounds(batch) == (4, 8, 9)
    assert batch is not None
    assert batch.offsets == [4, 5, 6, 7, 8]
    assert bounds(buffer.take(100, LIMITS)) == (9, 9, 10)


def test_a_pending_range_whose_last_records_were_compacted_away_ends_with_the_next_record() -> None:
    buffer = buffer_with(range(4, 6), Start(4, OffsetRange(PARTITION, 4, 8)))
    buffer.append(11, b"k", b"v", now_ms=0)
    batch = buffer.take(0, LIMITS)
    assert batch is not None
    assert (str(batch.range), batch.offsets) == ("events-0-4-8", [4, 5])


def test_a_pending_range_of_which_nothing_is_left_ends_at_the_end_of_the_partition() -> None:
    buffer = PartitionBuffer(PARTITION, Start(4, OffsetRange(PARTITION, 4, 8)))
    buffer.reached(12)
    batch = buffer.take(0, LIMITS)
    assert bounds(batch) == (4, 8, 12)
    assert batch is not None
    assert batch.rows() == []


def test_a_position_behind_markers_is_to_be_committed_once_nothing_waits() -> None:
    buffer = buffer_with(range(2))
    buffer.reached(3)
    assert buffer.uncommitted_position() is None
    assert buffer.take(100, LIMITS) is not None
    buffer.mark_committed(3)
    assert buffer.uncommitted_position() is None
    buffer.reached(4)
    assert buffer.uncommitted_position() == 4


def test_a_deletion_is_the_tombstone_that_no_later_record_of_its_key_follows() -> None:
    batch = Batch(
        OffsetRange(PARTITION, 0, 5),
        6,
        offsets=[0, 1, 2, 3, 4, 5],
        keys=[b"00001a", b"00001b", b"00001b", b"00001a", b"00002a", b"00001c"],
        values=[b"v", b"v", None, None, b"w", None],
    )
    assert batch.rows() == [b"v", b"v", b"w"]
    assert batch.deletions() == [(2, b"00001b"), (5, b"00001c")]


def test_all_partitions_are_due_when_together_they_hold_too_much() -> None:
    buffers = Buffers(replace(LIMITS, size_bytes=10_000))
    for number in range(3):
        partition = Partition("events", number)
        buffers.open(partition, Start(0))
        buffer = buffers.of(partition)
        assert buffer is not None
        buffer.append(0, b"k", b"v" * 700, now_ms=0)
    assert [batch.range.partition.number for batch in buffers.due(0)] == [0]
    assert [batch.range.partition.number for batch in buffers.due(100)] == [1, 2]


def test_partitions_take_turns() -> None:
    buffers = Buffers(LIMITS)
    for number in range(2):
        partition = Partition("events", number)
        buffers.open(partition, Start(0))
        buffer = buffers.of(partition)
        assert buffer is not None
        for offset in range(7):
            buffer.append(offset, b"k", b"v", now_ms=0)
    assert [(b.range.partition.number, b.range.first) for b in buffers.all(0)] == [
        (0, 0),
        (1, 0),
        (0, 3),
        (1, 3),
        (0, 6),
        (1, 6),
    ]


def test_what_a_closed_partition_held_is_gone() -> None:
    buffers = Buffers(LIMITS)
    buffers.open(PARTITION, Start(0))
    buffer = buffers.of(PARTITION)
    assert buffer is not None
    buffer.append(0, b"k", b"v", now_ms=0)
    buffers.close([PARTITION])
    assert list(buffers.all(0)) == []
    assert buffers.of(PARTITION) is None
