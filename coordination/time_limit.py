"""A bound on the time of a call that has none of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

_T = TypeVar("_T")


def within(seconds: float, call: Callable[[], _T]) -> _T:
    """The result of a call, which is made in a thread of its own.

    Raises:
        TimeoutError: It has not come by then. The call goes on, and does not keep the process from ending.
    """
    answer: Future[_T] = Future()

    def run() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # the caller's to judge
            answer.set_exception(error)

    Thread(target=run, name="within", daemon=True).start()
    return answer.result(seconds)
