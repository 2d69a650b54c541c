"""What the simulated shop recommends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.events import Event
from simulator.plan import Plan
from simulator.recommending import ARMS, MAX_LIST, SOURCES
from simulator.simulation import Simulation


@pytest.fixture(scope="module")
def events() -> list[Event]:
    """The events of a shop that nothing disturbs, about recommendations."""
    return [
        event
        for _, _, event, _ in Simulation(Plan(15_000, 1)).records()
        if event.event_type.startswith("recommendation_")
    ]


def of(events: list[Event], kind: str) -> Iterator[tuple[Event, dict[str, Any]]]:
    return ((event, dict(event.body.fields)) for event in events if event.event_type == f"recommendation_{kind}")


def test_lists_come_from_every_source_and_model_in_every_arm_and_length(events: list[Event]) -> None:
    shown = [fields for _, fields in of(events, "shown")]
    detailed = [fields for fields in shown if "recommendation_source" in fields]
    assert {(each["recommendation_source"], each.get("model_version")) for each in detailed} == set(SOURCES)
    assert {each.get("experiment_arm") for each in detailed} == set(ARMS)
    assert {len(each["items"]) for each in detailed if "items" in each} == set(range(1, MAX_LIST + 1))
    assert any("position" in each and "product_id" in each and "items" not in each for each in detailed)
    assert any(set(each) == {"list_id", "recommendation_id"} for each in shown)


def test_a_product_is_in_a_list_once(events: list[Event]) -> None:
    for _, fields in of(events, "shown"):
        products = Counter(item["product_id"] for item in fields.get("items", ()))
        assert set(products.values()) <= {1}


def test_a_user_stays_in_one_arm(events: list[Event]) -> None:
    arms: dict[str, set[str | None]] = {}
    for event, fields in of(events, "shown"):
        if "recommendation_source" in fields:
            arms.setdefault(event.visit.user_id, set()).add(fields.get("experiment_arm"))
    assert len(arms) > 100
    assert {len(each) for each in arms.values()} == {1}


def test_a_click_is_on_a_product_that_was_shown_at_its_position_and_repeats_the_answer(events: list[Event]) -> None:
    shown = {fields["recommendation_id"]: fields for _, fields in of(events, "shown")}
    clicks = [fields for _, fields in of(events, "clicked")]
    assert len(clicks) > 150
    for click in clicks:
        answer = shown[click["recommendation_id"]]
        for name in ("recommendation_source", "model_version", "experiment_arm"):
            assert click.get(name) == answer.get(name)
        if "items" in answer:
            assert answer["items"][click["position"] - 1]["product_id"] == click["product_id"]
        else:
            assert click.get("position") == answer.get("position")


def test_some_purchases_name_the_recommendation_with_its_details_and_some_without(events: list[Event]) -> None:
    bought = [fields for _, fields in of(events, "purchased")]
    assert {"model_version" in each for each in bought} == {True, False}
    assert all(each["order_id"] and each["product_id"] for each in bought)
