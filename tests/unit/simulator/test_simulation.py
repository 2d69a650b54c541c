"""The records of a simulated shop."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.event_types import EVENT_TYPES
from simulator.ledger.ledger import Ledger
from simulator.plan import ALL, Plan, Trouble
from simulator.sender import KafkaRecord
from simulator.shopping import BACK_END
from simulator.simulation import Simulation

DAY_MS = 86_400_000
Simulate = Callable[[Plan], tuple[list[KafkaRecord], Ledger]]
Ordinary = Callable[[int], Iterator[tuple[str, int]]]


def test_the_same_plan_gives_the_same_bytes_and_the_same_ledger(simulated: Simulate) -> None:
    first, first_ledger = simulated(Plan(3_000, 7, ALL))
    second, second_ledger = simulated(Plan(3_000, 7, ALL))
    assert first == second
    assert list(first_ledger.tables()) == list(second_ledger.tables())
    assert first_ledger.failed == second_ledger.failed


def test_another_seed_gives_other_events(ordinary: Ordinary) -> None:
    assert list(ordinary(1)) != list(ordinary(2))


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 400), st.integers(0, 5), st.sampled_from([frozenset(), ALL]))
def test_a_plan_gives_exactly_the_events_it_asks_for_each_with_its_own_id(
    events: int, seed: int, trouble: frozenset[Trouble]
) -> None:
    seen: dict[str, int] = {}
    for _, number, event, form in Simulation(Plan(events, seed, trouble)).records():
        if form is None or form.reason is None:
            seen.setdefault(event.event_id, number)
    assert len(seen) == events


def test_records_come_in_the_order_of_their_reception() -> None:
    received = [received_ms for received_ms, *_ in Simulation(Plan(5_000, 3, ALL)).records()]
    assert received == sorted(received)


def test_events_begin_on_the_first_day_and_visits_on_the_days_of_the_plan(ordinary: Ordinary) -> None:
    times = [time_ms for event_type, time_ms in ordinary(1) if event_type in ("page_view", "search")]
    start = round(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1000)
    assert start <= min(times)
    assert max(times) < start + 11 * DAY_MS


def test_without_trouble_every_record_counts_and_none_twice(simulated: Simulate) -> None:
    sent, ledger = simulated(Plan(3_000, 5))
    assert (len(sent), ledger.produced, ledger.accepted) == (3_000, 3_000, 3_000)
    assert (ledger.duplicates, ledger.failed, ledger.trouble) == (0, {}, {})


def test_every_type_of_event_happens(ordinary: Ordinary) -> None:
    seen = Counter(event_type for seed in range(5) for event_type, _ in ordinary(seed))
    assert set(seen) == set(EVENT_TYPES)


def test_junk_and_repetitions_do_not_change_what_the_shop_does(ordinary: Ordinary) -> None:
    trouble = frozenset({Trouble.POISON, Trouble.NULLS, Trouble.DUPLICATES, Trouble.OLD_VERSIONS})
    events = {
        event.event_id: (event.event_type, event.time_ms)
        for _, _, event, form in Simulation(Plan(3_000, 1, trouble)).records()
        if form is None or form.reason is None
    }
    assert sorted(events.values()) == sorted(ordinary(1))


def test_the_shop_is_busier_in_the_evening_than_at_night_by_its_own_clock() -> None:
    plan = Plan(20_000, 1, time_zone="America/New_York", start=date(2026, 3, 2), days=14)
    hours = Counter(
        datetime.fromtimestamp(event.time_ms / 1000, plan.zone).hour
        for _, _, event, _ in Simulation(plan).records()
        if event.visit.session_id
    )
    assert hours[20] > 8 * hours[3]


@pytest.mark.parametrize("trouble", [frozenset(), frozenset({Trouble.BURSTS})])
def test_a_burst_is_a_minute_in_which_everybody_comes(trouble: frozenset[Trouble]) -> None:
    starts: dict[str, int] = {}
    for _, _, event, _ in Simulation(Plan(20_000, 2, trouble)).records():
        if session := event.visit.session_id:
            starts[session] = min(event.time_ms, starts.get(session, event.time_ms))
    busiest = Counter(start // 60_000 for start in starts.values()).most_common(1)[0][1]
    assert (busiest > 20) == bool(trouble)


def test_a_bot_is_one_user_with_thousands_of_views() -> None:
    views: Counter[str] = Counter()
    for _, _, event, _ in Simulation(Plan(120_000, 2, frozenset({Trouble.BOTS}))).records():
        if event.event_type == "view_item":
            views[event.visit.user_id] += 1
    bots = {user: count for user, count in views.items() if user.startswith("bot")}
    assert sorted(bots.values()) == [600, 3_000]
    assert max(count for user, count in views.items() if user not in bots) < 300


def test_a_purchase_costs_its_lines_less_the_discount_but_for_what_some_browsers_add() -> None:
    checked, with_shipping = 0, set()
    by_back_end = set()
    for _, _, event, _ in Simulation(Plan(20_000, 4)).records():
        if event.event_type == "purchase":
            fields: dict[str, Any] = dict(event.body.fields)
            cost = sum(line["quantity"] * line["price"] for line in fields["items"])
            value = cost - fields.get("discount", 0)
            if event.visit.fields["source"] == BACK_END:
                by_back_end.add(fields["order_id"])
            elif fields["value"] != value:
                with_shipping.add(fields["order_id"])
                value += fields["shipping"]
            assert fields["value"] == value
            checked += 1
    assert checked > 100
    assert with_shipping
    assert with_shipping < by_back_end


def test_visitors_sign_in_within_a_session_and_come_back_on_other_days() -> None:
    users: defaultdict[str, set[str]] = defaultdict(set)
    days: defaultdict[str, set[int]] = defaultdict(set)
    for _, _, event, _ in Simulation(Plan(20_000, 4)).records():
        if event.visit.session_id:
            users[event.visit.session_id].add(event.visit.user_id)
            days[event.visit.user_id].add(event.time_ms // DAY_MS)
    assert sum(len(ids) == 2 for ids in users.values()) > 100
    assert sum(len(each) > 1 for each in days.values()) > 100
