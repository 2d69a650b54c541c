from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.files import locked, try_lock, write_atomically
from local.processes import ProcessId
from local.state import PartState, PartStatus, PlatformState

processes = st.builds(ProcessId, pid=st.integers(1, 2**22), started=st.floats(0, 4e9))
parts = st.builds(
    PartStatus,
    state=st.sampled_from(PartState),
    process=st.none() | processes,
    port=st.none() | st.integers(1024, 65535),
    restarts=st.integers(0, 1000),
    ready_seconds=st.none() | st.floats(0, 1000),
    log_offset=st.integers(0, 2**40),
    problem=st.text(),
)
states = st.builds(
    PlatformState,
    supervisor=processes,
    port_base=st.integers(1024, 65000),
    parts=st.dictionaries(st.text(min_size=1), parts, max_size=4),
    job_problems=st.dictionaries(st.text(), st.text(), max_size=3),
)


@given(states)
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, state: PlatformState) -> None:
    path = tmp_path_factory.mktemp("state") / "platform.json"
    state.write(path)
    assert PlatformState.read(path) == state


def test_there_is_no_state_before_the_first_start(tmp_path: Path) -> None:
    assert PlatformState.read(tmp_path / "platform.json") is None


def test_a_write_that_fails_leaves_the_old_text_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_atomically(path, json.dumps({"a": 1}))
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert path.read_text() == '{"a": 1}'
    assert list(tmp_path.iterdir()) == [path]


def test_a_lock_that_is_held_is_not_given_twice(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"):
        assert try_lock(tmp_path / "lock") is None
    free = try_lock(tmp_path / "lock")
    assert free is not None
    free.close()
