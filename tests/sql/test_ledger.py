"""The results of feedback against the ledger, which adds up the same simulated events by plain arithmetic.

The records pass the rules of ingest, in random order and some of them twice, as they do on a platform; so this compares
what the SQL says with what the ledger says, and nothing else.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jobs.feedback.job import JOB
from jobs.ingest.decoder import EventDecoder
from jobs.ingest.rules import Accepted, AgeLimits, IngestRules
from simulator import shopping, simulation
from simulator.ledger.books import Table
from simulator.plan import ALL, Plan, Trouble, seeded_rng
from simulator.run import kafka_records
from simulator.sender import KafkaRecord
from simulator.simulation import Simulation
from simulator.trouble import SHARES
from tests.sql.test_results import environment, register, result_rows
from tests.unit.simulator.conftest import Shelf, new_encoders, new_ledger

pytestmark = pytest.mark.flink

PLAN = Plan(1_300, 5, ALL, start=date(2026, 3, 20), days=20, time_zone="Europe/Berlin")
"""Clocks go forward on the tenth day."""

FEW = {"EVENTS_PER_PRODUCT": 300, "EVENTS_PER_PERSON": 100}
"""Four products and twelve users, who buy on a later visit what they clicked before."""

OFTEN = {
    "SHARE_NEWCOMERS": 0.05,
    "SHARE_SIGNING_IN": 0.9,
    "SHARE_RECOMMENDED": 0.6,
    "SHARE_CARTED": 0.9,
    "SHARE_CHECKING_OUT": 0.9,
    "SHARE_ONE_CLICK": 0.6,
    "SHARE_BACK_END": 0.4,
    "SHARE_SEEN_AGAIN": 0.2,
    "SHARE_GIFT": 0.3,
    "SHARE_CANCELLED": 0.3,
    "SHARE_REFUNDED": 0.5,
}
"""What a shop rarely has, and what these results are about."""


@pytest.fixture
def events_and_tables(monkeypatch: pytest.MonkeyPatch) -> tuple[list[dict[str, Any]], dict[str, Table]]:
    """The events that ingest accepts, in random order, and the tables of the ledger."""
    for name, number in FEW.items():
        monkeypatch.setattr(simulation, name, number)
    for name, share in OFTEN.items():
        monkeypatch.setattr(shopping, name, share)
    monkeypatch.setitem(SHARES, Trouble.SKEW, 0.15)  # clicks at the time of the purchase, or after it
    ledger = new_ledger(PLAN)
    records = list(kafka_records(Simulation(PLAN).records(), new_encoders(), ledger))
    seeded_rng(5).shuffle(records)
    assert {"too_old", "too_far_in_future"} <= set(ledger.failed)
    events = accepted(records)
    assert (len(events), ledger.accepted + ledger.duplicates) == (ledger.accepted, len(records) - ledger.failed.total())
    return events, {table.name: table for table in ledger.tables()}


def test_every_result_of_feedback_equals_the_ledger(
    events_and_tables: tuple[list[dict[str, Any]], dict[str, Table]], jvm: None, tmp_path: Path
) -> None:
    events, expected = events_and_tables
    tables = environment(JOB, PLAN.time_zone)
    register(tables, JOB, events, tmp_path)
    JOB.register_views(tables)
    for result in JOB.results:
        names = [column.name for column in result.stored]
        actual = [dict(zip(names, map(cell, row), strict=True)) for row in result_rows(tables, result)]
        assert by_key(result.key, actual) == by_key(result.key, stored(expected[result.name], names)), result.name


def test_the_events_are_about_all_that_the_results_tell_apart(
    events_and_tables: tuple[list[dict[str, Any]], dict[str, Table]],
) -> None:
    events, expected = events_and_tables
    activity, revenue = (
        [dict(zip(expected[name].columns, row, strict=True)) for row in expected[name].rows]
        for name in ("recommendation_activity_daily", "recommendation_revenue_daily")
    )
    assert sum(row["purchases"] for row in activity) > 30
    assert sum(row["clicks"] for row in activity) > 40
    assert {row["position"] for row in activity} >= {0, 1, 2, 3}
    assert any(row["purchases"] and not row["clicks"] for row in activity)
    assert len({row["experiment_arm"] for row in activity}) == len({row["model_version"] for row in activity}) == 3
    assert sum(row["refunds"] != "0.0000" for row in revenue) > 5
    assert sum(row["cancelled"] != "0.0000" for row in revenue) > 5
    assert {event["value"] for event in events if event["event_type"] == "order_cancelled"} > {"0.0000"}
    assert {event["value"] for event in events if event["event_type"] == "purchase"} > {"0.0000"}
    assert {bool(event["items"]) for event in events if event["event_type"] == "refund"} == {True, False}


def accepted(records: list[KafkaRecord]) -> list[dict[str, Any]]:
    """The events that ingest lets pass, each once, as a test of SQL takes them."""
    decoder = EventDecoder(Shelf())
    rules = IngestRules(decoder, AgeLimits(PLAN.lateness_ms, PLAN.skew_ms))
    events: dict[str, dict[str, Any]] = {}
    for record in records:
        decision = rules.decide(record.value, 0, record.received_at)
        if isinstance(decision, Accepted):
            decoded: Any = decoder.decode(decision.rewritten or record.value)
            events.setdefault(decision.event_id, plain(decoded))
    return list(events.values())


def plain(event: dict[str, Any]) -> dict[str, Any]:
    """The fields that feedback reads, amounts as text."""
    items = [{**item, "price": str(item["price"])} for item in event["items"]]
    fields = {name: event[name] for name in JOB.event_fields}
    value = None if event["value"] is None else str(event["value"])
    return fields | {
        "event_time": datetime.fromtimestamp(event["event_time"] / 1000, UTC),
        "items": items,
        "value": value,
    }


def stored(table: Table, names: list[str]) -> list[dict[str, Any]]:
    """The rows of a table without the columns that its view computes."""
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    return [{name: row[name] for name in names} for row in rows]


def by_key(key: tuple[str, ...], rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    keyed = {tuple(row[name] for name in key): row for row in rows}
    assert len(keyed) == len(rows)
    return keyed


def cell(value: Any) -> Any:
    """A cell as the ledger writes it."""
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:.4f}" if isinstance(value, Decimal) else value
