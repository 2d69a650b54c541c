from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.waiting import wait_until


class Clock:
    """Time passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 0.0

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class TooLate(Exception):
    pass


@given(st.integers(0, 20), st.integers(0, 20))
def test_the_answer_comes_when_it_is_there_in_time_and_the_error_when_it_is_not(ready_at: int, timeout: int) -> None:
    clock = Clock()

    def wait() -> str:
        return wait_until(
            lambda: f"at {clock.now:g}" if clock.now >= ready_at else None,
            timeout,
            TooLate,
            poll_seconds=1.0,
            clock=clock.read,
            sleep=clock.sleep,
        )

    if ready_at <= timeout:
        assert wait() == f"at {ready_at}"
    else:
        with pytest.raises(TooLate):
            wait()
        assert clock.now == timeout


def test_an_error_of_the_question_ends_the_waiting() -> None:
    def ask() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        wait_until(ask, 60, TooLate)
