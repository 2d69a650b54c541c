from __future__ import annotations

import pytest

from lake.columns import to_table
from lake.reader import TimeRange
from operations.replay import Pace, Replay, chosen, received_at_ms
from schemas.errors import ConfigurationError
from schemas.settings import Settings

DAY_MS = 86_400_000


def event(event_id: str, event_type: str) -> dict[str, object]:
    return {"event_id": event_id, "event_type": event_type, "event_time": 0, "user_id": "u", "source": "test"}


def test_only_events_of_the_topic_are_chosen() -> None:
    events = [event("a", "purchase"), event("b", "view_item"), event("c", "refund")]
    table = to_table(events, "events", 0, [0, 1, 2], [0, 0, 0])
    assert chosen(table, Replay(TimeRange(), "order-events")).column("event_id").to_pylist() == ["a", "c"]
    assert chosen(table, Replay(TimeRange())).num_rows == 3


@pytest.mark.parametrize(
    ("happened", "accepted", "received"),
    [
        (10 * DAY_MS, 10 * DAY_MS + 5, 10 * DAY_MS + 5),
        (10 * DAY_MS, 400 * DAY_MS, 17 * DAY_MS),  # history that was imported: as late as an accepted event can be
        (10 * DAY_MS, 9 * DAY_MS, 10 * DAY_MS - 600_000),  # a clock that was ahead
    ],
)
def test_an_event_was_received_when_ingest_would_have_it(happened: int, accepted: int, received: int) -> None:
    assert received_at_ms(happened, accepted, Settings()) == received


def test_events_pass_as_far_apart_as_they_happened_divided_by_the_speed() -> None:
    now, waits = [100.0], []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    pace = Pace(60, clock=lambda: now[0], sleep=sleep)
    for event_time_ms in (5_000, 65_000, 65_000, 125_000):
        pace.wait(event_time_ms)
    assert waits == [1.0, 1.0]


def test_without_a_speed_nothing_waits() -> None:
    def sleep(_seconds: float) -> None:
        raise AssertionError

    pace = Pace(None, sleep=sleep)
    pace.wait(0)
    pace.wait(DAY_MS)


@pytest.mark.parametrize(
    ("replay", "words"),
    [
        (Replay(TimeRange(), "metrics-sales-daily"), "cannot be replayed"),
        (Replay(TimeRange(), to_topic="events"), "only ingest writes it"),
    ],
)
def test_topics_that_make_no_sense_are_refused(replay: Replay, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        replay.check()


def test_ingest_sees_what_goes_to_domain_topics_alone() -> None:
    assert Replay(TimeRange()).is_counted
    assert Replay(TimeRange(), to_topic="order-events").is_counted
    assert not Replay(TimeRange(), to_topic="my-test").is_counted
