from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from lake.storage import Storage
from lake.writer import write_range
from operations.deleted_records import may_have_held_events
from schemas.offsets import OffsetRange, Partition
from schemas.settings import Settings
from schemas.topics import EVENTS

PLACE = Partition(EVENTS, 0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a lake that has the events 0 to 99 and has read the marker behind them."""
    settings = Settings(data_dir=tmp_path, lake_url=f"file://{tmp_path / 'lake'}")
    write_range(Storage(settings.lake_url), OffsetRange(PLACE, 0, 99), 101, no_events())
    return settings


def no_events() -> pa.Table:
    from lake.columns import to_table

    return to_table([], EVENTS, 0, [], [])


def test_a_marker_behind_the_last_event_is_no_loss(settings: Settings) -> None:
    assert not may_have_held_events(settings, PLACE, 100, 101)


def test_events_that_the_lake_has_are_missing_to_the_reader(settings: Settings) -> None:
    assert may_have_held_events(settings, PLACE, 99, 101)
    assert may_have_held_events(settings, PLACE, 0, 50)


def test_what_the_lake_has_not_read_may_have_been_events(settings: Settings) -> None:
    assert may_have_held_events(settings, PLACE, 100, 102)
    assert may_have_held_events(settings, Partition(EVENTS, 1), 0, 1)
