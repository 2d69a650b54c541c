"""An import that is slowed down."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from producers.importers import paced
from producers.importers.importer import ImportedEvent


class Clock:
    """A clock that only moves when somebody sleeps, or when a test moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


EVENTS = [ImportedEvent({"event_id": str(number)}, number) for number in range(5)]


def test_events_come_at_the_rate_from_the_first_on() -> None:
    clock = Clock()
    times = [clock.now for _ in paced(EVENTS, 4.0, clock, clock.sleep)]
    assert times == [100.0, 100.25, 100.5, 100.75, 101.0]


def test_a_slow_start_is_made_up_for() -> None:
    clock = Clock()
    events = paced(EVENTS, 4.0, clock, clock.sleep)
    next(events)
    clock.now += 0.9
    assert [clock.now for _ in events] == [100.9, 100.9, 100.9, 101.0]


@given(st.floats(0.01, 1e6), st.integers(0, 50))
def test_every_event_comes_once_and_in_its_order(rate: float, count: int) -> None:
    clock = Clock()
    events = [ImportedEvent({}, number) for number in range(count)]
    assert list(paced(events, rate, clock, clock.sleep)) == events
