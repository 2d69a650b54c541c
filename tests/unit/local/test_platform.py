from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from local.errors import DiskFull, PlatformError
from local.platform import NEEDED_BYTES, PartFailed, Platform
from local.processes import ProcessId
from local.state import PartState, PartStatus, PlatformState
from local.supervisor import AlreadySupervised, take_lock
from schemas.settings import Settings

ME = ProcessId.of(os.getpid())


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    made = Platform(Settings(data_dir=tmp_path / "data", port_base=20000))
    made.data.create()
    return made


def test_a_full_disk_is_an_error_before_anything_starts(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=NEEDED_BYTES - 1))
    with pytest.raises(DiskFull, match=r"Only 2\.00 GB are free at .*data, and 2\.00 GB are needed"):
        platform.up()
    assert not platform.is_up()


def test_a_part_that_does_not_start_is_named_with_the_end_of_its_log(platform: Platform) -> None:
    log = platform.data.log("kafka")
    log.write_text("an earlier start\nOutOfMemoryError\n")
    failed = PartStatus(PartState.WAITING, restarts=3, problem="it ended with exit code 1", log_offset=17)
    PlatformState(ME, 20000, {"kafka": failed}).write(platform.data.state_file)
    with take_lock(platform.data), pytest.raises(PartFailed) as raised:
        platform.up()
    message = str(raised.value)
    assert message.startswith(
        f"kafka does not start: it ended with exit code 1. The last lines of {log}:\nOutOfMemoryError"
    )
    assert raised.value.exit_code == PlatformError.exit_code


def test_a_platform_that_is_up_is_left_alone(platform: Platform) -> None:
    seen: list[str] = []
    with take_lock(platform.data):
        PlatformState(ME, 20000, {"kafka": PartStatus(PartState.READY)}).write(platform.data.state_file)
        platform.up(lambda parts: seen.extend(parts))
    assert seen == ["kafka"]


def test_a_data_directory_has_one_supervisor(platform: Platform) -> None:
    with (
        take_lock(platform.data),
        pytest.raises(AlreadySupervised, match=rf"runs on {platform.data.root} already \(process {os.getpid()}\)"),
    ):
        take_lock(platform.data)


def test_the_data_of_a_platform_that_runs_is_not_deleted(platform: Platform) -> None:
    with take_lock(platform.data), pytest.raises(PlatformError, match=r"runs: '\./shop down' stops it"):
        platform.purge()
    assert platform.data.is_ours
    platform.purge()
    assert not platform.data.root.exists()
