"""What trouble does, and that ingest decides on every record as the ledger does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from jobs.ingest.decoder import EventDecoder
from jobs.ingest.rules import AgeLimits, IngestRules
from schemas.errors import ConfigurationError
from schemas.failures import Failure, Reason
from simulator.ledger.ledger import Ledger
from simulator.plan import ALL, Plan, Trouble, seeded_rng, troubles
from simulator.poison import REASONS, Damage, damaged
from simulator.sender import KafkaRecord
from simulator.simulation import Simulation
from simulator.trouble import SHARES

Simulate = Callable[[Plan], tuple[list[KafkaRecord], Ledger]]
SHORT = {"lateness_ms": 60_000, "skew_ms": 1_000}


def decided(registry: Any, plan: Plan, sent: list[KafkaRecord]) -> tuple[Counter[str], int, int]:
    """Records refused by reason, events accepted, repetitions: as the rules of ingest decide."""
    rules = IngestRules(EventDecoder(registry), AgeLimits(plan.lateness_ms, plan.skew_ms))
    refused: Counter[str] = Counter()
    ids: Counter[str] = Counter()
    for record in sent:
        decision = rules.decide(record.value, 0, record.received_at)
        if isinstance(decision, Failure):
            refused[decision.reason.value] += 1
        else:
            ids[decision.event_id] += 1
    return refused, len(ids), ids.total() - len(ids)


@pytest.mark.parametrize("limits", [{}, SHORT])
@pytest.mark.parametrize("seed", [1, 2])
def test_ingest_decides_on_every_record_as_the_ledger_says(
    registry: Any, simulated: Simulate, seed: int, limits: dict[str, int]
) -> None:
    plan = Plan(8_000, seed, ALL, **limits)
    sent, ledger = simulated(plan)
    assert decided(registry, plan, sent) == (ledger.failed, ledger.accepted, ledger.duplicates)
    assert ledger.accepted + ledger.duplicates + ledger.failed.total() == ledger.produced == len(sent)


def test_in_any_order_the_rules_decide_the_same(registry: Any, simulated: Simulate) -> None:
    plan = Plan(4_000, 3, ALL)
    sent, ledger = simulated(plan)
    seeded_rng(1).shuffle(sent)
    assert decided(registry, plan, sent) == (ledger.failed, ledger.accepted, ledger.duplicates)


def test_all_trouble_has_every_reason_in_it(simulated: Simulate) -> None:
    _, ledger = simulated(Plan(40_000, 1, ALL))
    assert set(ledger.failed) == set(Reason) - {Reason.ERASED_USER, Reason.TOO_LARGE}  # nobody is erased, no HTTP


@pytest.mark.parametrize("kind", sorted(SHARES))
def test_each_kind_alone_meets_its_share_of_the_events(simulated: Simulate, kind: Trouble) -> None:
    _, ledger = simulated(Plan(20_000, 1, frozenset({kind})))
    assert set(ledger.trouble) == {kind}
    fits = {Trouble.OLD_VERSIONS: 0.85, Trouble.FOREIGN_NAMES: 0.8}.get(kind, 1.0)  # not every event can be so
    assert ledger.trouble[kind] / 20_000 == pytest.approx(SHARES[kind] * fits, rel=0.2, abs=0.0005)


def test_the_limits_of_age_are_met_exactly_and_passed_by_a_millisecond() -> None:
    plan = Plan(40_000, 1, frozenset({Trouble.LATENESS, Trouble.SKEW}))
    ages = Counter(received_ms - event.time_ms for received_ms, _, event, _ in Simulation(plan).records())
    for age in (plan.lateness_ms, plan.lateness_ms + 1, -plan.skew_ms, -plan.skew_ms - 1):
        assert ages[age] > 10


def test_disorder_is_ten_minutes_at_the_most() -> None:
    plan = Plan(10_000, 1, frozenset({Trouble.DISORDER}))
    ages = [received_ms - event.time_ms for received_ms, _, event, _ in Simulation(plan).records()]
    assert 500_000 < max(ages) <= 601_000


def test_a_repetition_has_the_same_bytes_and_a_later_reception(simulated: Simulate) -> None:
    sent, ledger = simulated(Plan(10_000, 1, frozenset({Trouble.DUPLICATES})))
    times: dict[bytes | None, list[int]] = {}
    for record in sent:
        assert record.received_at is not None
        times.setdefault(record.value, []).append(int(record.received_at))
    repeated = [moments for moments in times.values() if len(moments) > 1]
    assert len(repeated) == ledger.duplicates > 200
    assert max(last - first for first, last in repeated) > 86_400_000


def test_old_versions_are_written_with_their_own_schema_ids(simulated: Simulate) -> None:
    sent, _ = simulated(Plan(5_000, 1, frozenset({Trouble.OLD_VERSIONS})))
    ids = Counter(int.from_bytes(record.value[1:5], "big") for record in sent if record.value)
    assert set(ids) == {7, 20, 21}


@pytest.mark.parametrize("damage", list(Damage))
@pytest.mark.parametrize("seed", range(20))
def test_each_damage_is_refused_for_its_own_reason(
    registry: Any, simulated: Simulate, damage: Damage, seed: int
) -> None:
    good = simulated(Plan(1, 1))[0][0]
    rules = IngestRules(EventDecoder(registry), AgeLimits(1_000, 1_000))
    assert good.value is not None
    decision = rules.decide(damaged(good.value, damage, seed, 9), 0, good.received_at)
    assert isinstance(decision, Failure)
    assert decision.reason.value == REASONS[damage]


def test_kinds_are_given_by_name_as_all_or_as_none() -> None:
    assert troubles("lateness, poison") == {Trouble.LATENESS, Trouble.POISON}
    assert troubles("all") == ALL
    assert troubles("none") == frozenset()


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"no trouble locusts\. There are: duplicates, disorder"):
        troubles("poison,locusts")
