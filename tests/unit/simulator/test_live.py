"""Events that happen while they are sent."""

from itertools import count

from schemas.codec import load_schema
from simulator.encoding import CachingEncoder
from simulator.events import Event, Visit
from simulator.ledger.ledger import Ledger
from simulator.plan import Plan, Trouble
from simulator.run import Encoders, live_kafka_records, paced
from simulator.simulation import Record, Simulation
from simulator.trouble import Form

ENCODERS = Encoders(CachingEncoder(load_schema("shop_event"), 1))


def test_an_event_happened_as_long_before_its_reception_as_planned() -> None:
    prompt, late = Event("a", "page_view", 950, Visit("u")), Event("b", "page_view", 400, Visit("u"))
    records: list[Record] = [(1_000, 1, prompt, None), (1_400, 2, late, Form((Trouble.LATENESS,)))]
    clock = iter([50_000, 60_000])
    sent = list(live_kafka_records(records, ENCODERS, None, lambda: next(clock)))
    assert (prompt.time_ms, late.time_ms) == (49_950, 59_000)
    assert [(record.received_at, record.timestamp_ms) for record in sent] == [(None, 50_000), (None, 60_000)]


def test_a_repetition_keeps_the_time_of_the_first() -> None:
    event = Event("a", "page_view", 950, Visit("u"))
    clock = iter([50_000, 51_000])
    ledger = Ledger("UTC", 10_000, 0)
    records: list[Record] = [(1_000, 1, event, None), (9_000, 2, event, Form((Trouble.DUPLICATES,)))]
    first, second = live_kafka_records(records, ENCODERS, ledger, lambda: next(clock))
    assert first.value == second.value
    assert (ledger.accepted, ledger.duplicates) == (1, 1)


def test_a_live_simulation_counts_like_any_other() -> None:
    plan = Plan(2_000, 1, is_live=True, run="now")
    ledger = Ledger("UTC", plan.lateness_ms, plan.skew_ms)
    clock = count(1_800_000_000_000)
    sent = sum(1 for _ in live_kafka_records(Simulation(plan).records(), ENCODERS, ledger, lambda: next(clock)))
    assert (sent, ledger.accepted) == (2_000, 2_000)


def test_records_come_no_sooner_than_the_rate_allows() -> None:
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    assert list(paced("abcde", 4.0, lambda: now[0], sleep)) == list("abcde")
    assert slept == [0.25] * 4
    assert list(paced("abcde", None, lambda: now[0], sleep)) == list("abcde")
    assert len(slept) == 4
