from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from coordination.waiting import wait_until
from local import processes
from local.ports import is_free
from local.processes import ProcessId
from local.runner import SystemProcesses
from local.state import PartState, PartStatus, PlatformState
from local.supervisor import cut_log, end_orphans

SLEEP = "import time; time.sleep(60)"
DEAF = f"import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); {SLEEP}"
FIRST_THREAD_ENDS = """
import ctypes, socket, threading, time
listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=time.sleep, args=(60,)).start()
print(listener.getsockname()[1], flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""
"""As a killed program for a moment: its first thread is gone, another is not yet, and the port is still taken."""
PARENT = f"import subprocess as s, sys; print(s.Popen([sys.executable, '-c', '{SLEEP}']).pid, flush=True); {SLEEP}"


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


@pytest.fixture
def system(tmp_path: Path) -> SystemProcesses:
    return SystemProcesses(tmp_path)


@pytest.fixture
def started(tmp_path: Path, system: SystemProcesses) -> Iterator[list[ProcessId]]:
    running: list[ProcessId] = []
    yield running
    for process in running:
        system.stop(process, 0.0)


def soon(condition: Callable[[], bool]) -> None:
    wait_until(condition, 60.0, lambda: AssertionError("not within a minute"), poll_seconds=0.01)


def wait_for_line(log: Path) -> str:
    soon(lambda: log.exists() and log.read_text().endswith("\n"))
    return log.read_text().strip()


def test_a_process_runs_in_a_session_of_its_own(
    tmp_path: Path, system: SystemProcesses, started: list[ProcessId]
) -> None:
    process = system.start(python(SLEEP), {}, tmp_path / "log")
    started.append(process)
    assert process.is_alive
    assert os.getsid(process.pid) == process.pid


def test_a_process_is_told_from_a_later_one_with_its_number(
    tmp_path: Path, system: SystemProcesses, started: list[ProcessId]
) -> None:
    process = system.start(python(SLEEP), {}, tmp_path / "log")
    started.append(process)
    earlier = ProcessId(process.pid, process.started - 100)
    assert not earlier.is_alive
    processes.end_session(earlier)
    assert process.is_alive


def test_the_exit_code_is_known_when_it_has_ended(tmp_path: Path, system: SystemProcesses) -> None:
    process = system.start(python("raise SystemExit(7)"), {}, tmp_path / "log")
    soon(lambda: system.exit_code(process) is not None)
    assert system.exit_code(process) == 7


def test_a_process_that_ignores_the_request_to_end_is_killed(tmp_path: Path, system: SystemProcesses) -> None:
    process = system.start(python(DEAF), {}, tmp_path / "log")
    wait_for_line(tmp_path / "log")
    system.stop(process, grace_seconds=0.2)
    assert not process.is_alive


def test_children_of_a_process_that_died_are_ended(tmp_path: Path, system: SystemProcesses) -> None:
    process = system.start(python(PARENT), {}, tmp_path / "log")
    child = psutil.Process(int(wait_for_line(tmp_path / "log")))
    psutil.Process(process.pid).kill()
    soon(lambda: system.exit_code(process) is not None)
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_the_port_of_an_ended_process_is_free_though_its_first_thread_ended_before(
    tmp_path: Path, system: SystemProcesses, started: list[ProcessId]
) -> None:
    process = system.start(python(FIRST_THREAD_ENDS), {}, tmp_path / "log")
    started.append(process)
    port = int(wait_for_line(tmp_path / "log"))
    soon(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
    assert process.is_alive
    assert not is_free(port)
    processes.end_session(process)
    assert is_free(port)


def test_what_a_killed_supervisor_left_is_ended_and_nothing_else(
    tmp_path: Path, system: SystemProcesses, started: list[ProcessId]
) -> None:
    orphan = system.start(python(SLEEP), {}, tmp_path / "orphan.log")
    stranger = system.start(python(SLEEP), {}, tmp_path / "stranger.log")
    started += [orphan, stranger]
    state = PlatformState(
        ProcessId(1, 0.0),
        19000,
        {
            "kafka": PartStatus(PartState.READY, orphan),
            "redis": PartStatus(PartState.READY, ProcessId(stranger.pid, stranger.started + 100)),
            "sink": PartStatus(PartState.WAITING),
        },
    )
    assert end_orphans(state) == ["kafka"]
    soon(lambda: not orphan.is_alive)
    assert stranger.is_alive


def test_without_a_state_there_are_no_orphans() -> None:
    assert end_orphans(None) == []


def test_the_tail_of_a_log_starts_where_the_latest_start_did(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("old\n" + "".join(f"line {n}\n" for n in range(5)))
    assert processes.tail(log, 10, start_offset=4) == "line 0\nline 1\nline 2\nline 3\nline 4"
    assert processes.tail(log, 2) == "line 3\nline 4"
    assert processes.tail(tmp_path / "none.log", 2) == ""


def test_a_log_that_grew_too_large_is_cut_while_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    with log.open("a") as writer:
        writer.write("x" * 100)
        writer.flush()
        cut_log(log, limit_bytes=50)
        writer.write("after")
    assert log.read_text() == "after"
    assert (tmp_path / "part.log.1").read_text() == "x" * 100
