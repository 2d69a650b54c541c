from __future__ import annotations

import pytest

from producers.collector.devices import device_class, device_named
from producers.collector.sessions import Sessions

MINUTE_MS = 60_000


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36", "desktop"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15",
            "desktop",
        ),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148", "mobile"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36", "mobile"),
        ("Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 Chrome/126.0 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148", "tablet"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "other"),
        ("analytics-python/2.3.2", "other"),
        ("", None),
    ],
)
def test_a_user_agent_tells_the_class_of_device(agent: str, expected: str | None) -> None:
    assert device_class(agent) == expected


def test_a_client_may_name_its_device_in_its_own_words() -> None:
    assert [device_named(name) for name in ("iOS", "tablet", "web", "fridge")] == ["mobile", "tablet", None, "other"]


def test_events_less_than_half_an_hour_apart_are_one_visit() -> None:
    sessions = Sessions(30 * MINUTE_MS, 10)
    visits = [sessions.session_of("ada", minute * MINUTE_MS) for minute in (0, 29, 59, 89, 120)]
    assert visits[0] == visits[1] == visits[2] == visits[3] != visits[4]


def test_an_event_from_just_before_a_visit_belongs_to_it() -> None:
    sessions = Sessions(30 * MINUTE_MS, 10)
    assert sessions.session_of("ada", 100 * MINUTE_MS) == sessions.session_of("ada", 80 * MINUTE_MS)
    assert sessions.session_of("ada", 51 * MINUTE_MS) == sessions.session_of("ada", 130 * MINUTE_MS)


def test_visitors_have_visits_of_their_own_and_the_same_events_give_the_same_ids() -> None:
    first, second = Sessions(1, 10), Sessions(1, 10)
    assert first.session_of("ada", 5) != first.session_of("bob", 5)
    assert first.session_of("ada", 5) == second.session_of("ada", 5)


def test_who_was_seen_longest_ago_is_forgotten_first() -> None:
    sessions = Sessions(100, 2)
    ada = sessions.session_of("ada", 1)
    bob = sessions.session_of("bob", 2)
    assert sessions.session_of("ada", 3) == ada
    sessions.session_of("eve", 4)
    assert sessions.session_of("ada", 5) == ada
    assert sessions.session_of("bob", 6) != bob
