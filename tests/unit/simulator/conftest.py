"""A simulation in memory: records as they would go to Kafka, and the ledger that noted them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from schemas.codec import load_schema, schema_text
from simulator.encoding import CachingEncoder
from simulator.ledger.ledger import Ledger
from simulator.plan import Plan
from simulator.run import Encoders, kafka_records
from simulator.sender import KafkaRecord
from simulator.simulation import Simulation
from simulator.versions import old_versions

CURRENT_ID = 7
FOREIGN_ID = 9
OLD_IDS = range(20, 20 + len(old_versions()))


@dataclass
class Shelf:
    """The schemas that the encoders write with, behind the decoder's Registry protocol."""

    url: str = "memory"

    def schema_of(self, schema_id: int) -> str | None:
        if schema_id in OLD_IDS:
            return json.dumps(old_versions()[schema_id - OLD_IDS.start])
        return {CURRENT_ID: schema_text("shop_event"), FOREIGN_ID: schema_text("sales_daily")}.get(schema_id)

    def latest(self, subject: str) -> tuple[int, str] | None:
        return CURRENT_ID, schema_text("shop_event")


def new_encoders() -> Encoders:
    old = [CachingEncoder(schema, OLD_IDS[at], caches=False) for at, schema in enumerate(old_versions())]
    return Encoders(CachingEncoder(load_schema("shop_event"), CURRENT_ID), old, FOREIGN_ID)


def new_ledger(plan: Plan) -> Ledger:
    return Ledger(plan.time_zone, plan.lateness_ms, plan.skew_ms)


@pytest.fixture
def registry() -> Shelf:
    return Shelf()


@pytest.fixture
def simulated() -> Callable[[Plan], tuple[list[KafkaRecord], Ledger]]:
    def simulate(plan: Plan) -> tuple[list[KafkaRecord], Ledger]:
        ledger = new_ledger(plan)
        return list(kafka_records(Simulation(plan).records(), new_encoders(), ledger)), ledger

    return simulate


@pytest.fixture
def ordinary() -> Callable[[int], Iterator[tuple[str, int]]]:
    """Type and time of the events of a shop that nothing disturbs."""

    def simulate(seed: int) -> Iterator[tuple[str, int]]:
        for _, _, event, _ in Simulation(Plan(3_000, seed)).records():
            yield event.event_type, event.time_ms

    return simulate
