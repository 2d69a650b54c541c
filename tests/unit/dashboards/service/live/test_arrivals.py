from __future__ import annotations

from dashboards.service.live.arrivals import LATE_SECONDS, MINUTES, Arrival, Arrivals

START = 1_800_000_000.0


class Clock:
    """Seconds since the epoch, as a test sets them."""

    now = START

    def __call__(self) -> float:
        return self.now


def arrival(at: float, seconds_late: float) -> Arrival:
    return Arrival(int(at * 1000), int((at - seconds_late) * 1000))


def counted(arrivals: Arrivals) -> tuple[str, int, int]:
    report = arrivals.report()
    assert report is not None
    return report["since"], report["events"], report["late"]


def test_an_event_is_late_beyond_a_limit_that_the_report_names() -> None:
    arrivals = Arrivals(Clock())
    arrivals.begin()
    arrivals.take([arrival(START, seconds) for seconds in (-5.0, 0.0, LATE_SECONDS, LATE_SECONDS + 0.001, 1e9)])

    assert counted(arrivals) == ("2027-01-15T08:00:00.000Z", 5, 2)
    assert (arrivals.report() or {})["late_seconds"] == LATE_SECONDS


def test_events_are_those_of_the_last_hour() -> None:
    clock = Clock()
    arrivals = Arrivals(clock)
    arrivals.begin()
    arrivals.take([arrival(START, 1e6), arrival(START + 60, 0)])
    clock.now = START + (MINUTES - 1) * 60
    assert counted(arrivals)[1:] == (2, 1)

    clock.now += 60
    assert counted(arrivals) == ("2027-01-15T08:01:00.000Z", 1, 0)
    clock.now += 3600
    assert counted(arrivals)[1:] == (0, 0)


def test_what_was_passed_on_before_reading_began_does_not_count() -> None:
    arrivals = Arrivals(Clock())
    arrivals.begin()
    arrivals.take([arrival(START - 1, 1e6), arrival(START + 1, 0)])

    assert counted(arrivals)[1:] == (1, 0)


def test_after_a_gap_counting_begins_anew() -> None:
    clock = Clock()
    arrivals = Arrivals(clock)
    arrivals.begin()
    arrivals.take([arrival(START, 1e6)])
    clock.now += 90
    arrivals.begin()

    assert counted(arrivals) == ("2027-01-15T08:01:30.000Z", 0, 0)


def test_nothing_is_said_before_anything_is_read() -> None:
    assert Arrivals(Clock()).report() is None
