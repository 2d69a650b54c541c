from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from coordination.time_limit import within


def test_what_comes_in_time_is_returned() -> None:
    assert within(60, lambda: 7) == 7


def test_an_error_of_the_call_is_raised() -> None:
    def refuse() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        within(60, refuse)


def test_a_call_that_does_not_come_back_is_left() -> None:
    back = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.01, back.wait)
    back.set()


def test_a_call_that_does_not_come_back_does_not_keep_the_process() -> None:
    program = """
from threading import Event
from coordination.time_limit import within
try:
    within(0.01, Event().wait)
except TimeoutError:
    print("left")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "left\n"
