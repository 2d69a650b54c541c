from __future__ import annotations

import tempfile

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lake.columns import to_table
from lake.compaction import compact
from lake.erasure import Erased, count_user, erase_user
from lake.manifest import ends, read_manifest
from lake.reader import read_table
from lake.storage import Storage
from lake.verification import strays, verify
from lake.writer import write_range
from schemas.offsets import OffsetRange, Partition
from tests.support.lake import make_events


def write(storage: Storage, users: list[str], first: int = 0) -> None:
    """A range with one event for each of these users."""
    events = [event | {"user_id": user} for event, user in zip(make_events(first, len(users)), users, strict=True)]
    last = first + len(users) - 1
    table = to_table(events, "events", 0, range(first, last + 1), [0] * len(users))
    write_range(storage, OffsetRange(Partition("events", 0), first, last), last + 1, table)


def held(storage: Storage) -> list[tuple[str, str]]:
    """Event id and user of each event."""
    tables = [read_table(storage, file) for entry in read_manifest(storage) for file in entry.files]
    rows = [row for table in tables for row in table.select(["event_id", "user_id"]).to_pylist()]
    return sorted((row["event_id"], row["user_id"]) for row in rows)


def problems(storage: Storage) -> list[str]:
    return [problem for day in verify(storage, read_manifest(storage)) for problem in day.problems]


@hypothesis_settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["ada", "bob", ""]), min_size=1, max_size=5), min_size=1, max_size=4))
def test_a_user_goes_and_everything_else_stays(ranges: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        storage = Storage(f"file://{folder}")
        for users in ranges:
            write(storage, users, first=sum(ends(read_manifest(storage)).values()))
        before, reached = held(storage), ends(read_manifest(storage))
        erased = erase_user(storage, "ada")
        rest = [row for row in before if row[1] != "ada"]
        assert erased.events == len(before) - len(rest)
        assert held(storage) == rest
        assert ends(read_manifest(storage)) == reached
        assert (problems(storage), strays(storage)) == ([], [])
        assert erase_user(storage, "ada") == Erased(0, 0)
        compact(storage)
        assert held(storage) == rest


def test_only_files_with_the_user_are_written_again(storage: Storage) -> None:
    write(storage, ["ada", "bob"])
    write(storage, ["bob", "bob"], first=2)
    names = {file.name for entry in read_manifest(storage) for file in entry.files}
    assert erase_user(storage, "ada") == Erased(events=1, files=1)
    kept = {file.name for entry in read_manifest(storage) for file in entry.files}
    assert len(names & kept) == len(names) - 1


def test_an_interrupted_erasure_is_completed(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    write(storage, ["ada", "bob", "ada"])
    with monkeypatch.context() as patch:
        patch.setattr(Storage, "delete", _dies)
        with pytest.raises(KeyboardInterrupt):
            erase_user(storage, "ada")
    assert count_user(storage, "ada") == 0
    assert len(strays(storage)) > 0
    erase_user(storage, "ada")
    assert strays(storage) == []
    assert held(storage) == [("e-0001", "bob")]


def _dies(storage: Storage, name: str) -> None:
    raise KeyboardInterrupt(name)


def test_files_of_a_writer_at_work_are_left_alone(storage: Storage) -> None:
    write(storage, ["ada"])
    write(storage, ["bob"], first=1)
    storage.delete("_manifest/events-0-1-1.json")
    erase_user(storage, "ada")
    assert strays(storage) == ["dt=2026-01-05/events-0-1-1.parquet"]
