"""Events that the collector refused, repaired from their copies."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import fastavro
import pytest

from operations.failed_events import FailedEvent
from operations.repair.decision import LEFT_OUT, RULE_FAILED, Decision, Repaired, Skipped, StillInvalid
from operations.repair.rule import AS_IT_IS, Rule
from producers.collector.mapping import Arrival, Mapper
from producers.collector.metrics import Metrics
from producers.collector.refused import Copy, RefusedEvents, record_of
from producers.collector.violations import Rejected
from schemas.codec import HEADER_BYTES, load_schema
from schemas.failures import HEADER_CLASS, HEADER_MESSAGE, Reason, Stage
from schemas.settings import Settings
from tests.unit.operations.repair import test_decision
from tests.unit.operations.repair.test_decision import HAPPENED, MAPPER

SCHEMA = fastavro.parse_schema(load_schema("shop_event"))
VIEW = {"messageId": "m-1", "userId": "ada", "event": "Product Viewed", "properties": {}}

NOTHING_SAID = Arrival(HAPPENED)

Refuse = Callable[..., FailedEvent]


@pytest.fixture
def refuse(failed: Callable[..., FailedEvent]) -> Refuse:
    """What stands in failed-events after the collector has refused an event."""

    def copy_of(body: Any, event_id: str, arrival: Arrival, **settings: Any) -> Copy:
        copies: list[Copy] = []
        refused = RefusedEvents(Settings(**settings), Metrics(), copies.extend)
        with pytest.raises(Rejected) as rejected:
            MAPPER.map(body, event_id, "track", arrival)
        refused.keep(body, event_id, "track", arrival, rejected.value.violations)
        [copy] = refused._waiting
        return copy

    def make(body: Any, arrival: Arrival = NOTHING_SAID, is_erased: bool = False, **settings: Any) -> FailedEvent:
        copy = copy_of(body, "m-1", arrival, **settings)
        key, value, headers = record_of(copy, is_erased=is_erased)
        encoded = tuple((name, text.encode() if isinstance(text, str) else text) for name, text in headers)
        texts = dict(headers)
        return failed(
            stage=Stage.COLLECTOR,
            topic="failed-events",
            partition=0,
            offset=3,
            reason=Reason(cast("str", texts[HEADER_CLASS])),
            message=texts[HEADER_MESSAGE],
            key=None if key is None else key.encode(),
            value=value,
            headers=encoded,
        )

    return make


def decide(failed: FailedEvent, rule: Rule = AS_IT_IS, mapper: Mapper = MAPPER) -> Decision:
    repair = test_decision.Repair(test_decision.DECODER, test_decision.RULES, test_decision.ROUTES, mapper, rule)
    return repair.decide(failed, failed.value, HAPPENED)


def with_product(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"properties": {"product_id": "p-1"}}


def event_of(repaired: Decision) -> dict[str, Any]:
    assert isinstance(repaired, Repaired)
    event = fastavro.schemaless_reader(io.BytesIO(repaired.value[HEADER_BYTES:]), SCHEMA, None)
    return {name: value for name, value in cast("dict[str, Any]", event).items() if value is not None}


def test_a_body_set_right_becomes_the_event_that_the_collector_would_have_made(refuse: Refuse) -> None:
    arrival = Arrival(HAPPENED, None, "mobile", "PT", None, {"library": {"name": "app"}})
    body = VIEW | {"timestamp": HAPPENED}
    repaired = decide(refuse(body, arrival), Rule(None, None, with_product))
    assert isinstance(repaired, Repaired)
    assert (repaired.topic, repaired.key, repaired.event_id, repaired.further) == ("product-events", "ada", "m-1", ())
    [expected] = MAPPER.map(with_product(body), "m-1", "track", arrival)
    event = event_of(repaired)
    assert round(event.pop("event_time").timestamp() * 1000) == expected.pop("event_time")
    assert {name: value for name, value in event.items() if name in expected} == expected
    assert (event["source"], event["country"], event["device"]) == ("app", "PT", "mobile")


def test_an_event_without_an_id_keeps_the_one_that_its_sender_was_answered_with(refuse: Refuse) -> None:
    body = {name: value for name, value in VIEW.items() if name != "messageId"}
    for _ in range(2):
        repaired = decide(refuse(body), Rule(None, None, with_product))
        assert isinstance(repaired, Repaired)
        assert repaired.event_id == "m-1"


def test_an_event_about_several_products_becomes_one_of_each(refuse: Refuse) -> None:
    products = {"properties": {"products": [{"product_id": "p-1"}, {"product_id": "p-2"}]}}
    repaired = decide(refuse(VIEW), Rule(None, None, lambda body: body | products))
    assert isinstance(repaired, Repaired)
    assert [event_of(each)["product_id"] for each in repaired.records] == ["p-1", "p-2"]
    assert len({each.event_id for each in repaired.records}) == 2


def test_a_setting_that_changed_may_be_enough(refuse: Refuse) -> None:
    old = refuse(with_product(VIEW) | {"timestamp": HAPPENED - 5_000})
    late = decide(old, mapper=replace(MAPPER, lateness_ms=10_000))
    assert isinstance(late, StillInvalid)  # by ingest's own limit
    assert late.reason == Reason.TOO_OLD


def test_what_is_still_wrong_says_so_as_the_collector_does(refuse: Refuse) -> None:
    assert decide(refuse(VIEW)) == StillInvalid(Reason.MISSING_FIELD, "product_id: view_item requires it")
    unknown = decide(refuse(VIEW | {"event": "Teleported"}))
    assert isinstance(unknown, StillInvalid)
    assert unknown.reason == Reason.UNKNOWN_EVENT_TYPE


def test_the_rule_for_events_is_asked_as_well(refuse: Refuse) -> None:
    rule = Rule(lambda event: event | {"source": "repaired"}, None, with_product)
    assert event_of(decide(refuse(VIEW), rule))["source"] == "repaired"
    assert decide(refuse(VIEW), Rule(lambda _: None, None, with_product)) == Skipped(LEFT_OUT)


def test_a_rule_that_leaves_a_body_out_or_raises_costs_that_event_alone(refuse: Refuse) -> None:
    assert decide(refuse(VIEW), Rule(None, None, lambda _: None)) == Skipped(LEFT_OUT)
    assert decide(refuse(VIEW), Rule(None, None, lambda body: body["colour"])) == StillInvalid(
        RULE_FAILED, "KeyError: 'colour'"
    )
    wrong = decide(refuse(VIEW), Rule(None, None, lambda _: [1]))  # type: ignore[arg-type, return-value]
    assert wrong == StillInvalid(RULE_FAILED, "repair_body() must answer with a dict or None, not list")


def test_one_of_which_only_the_beginning_is_there_cannot_be_repaired(refuse: Refuse) -> None:
    body = VIEW | {"properties": {"note": "x" * 2_000}}
    size = len(json.dumps(body, separators=(",", ":")))
    assert decide(refuse(body, collector_kept_event_bytes=256)) == StillInvalid(
        Reason.MISSING_FIELD, f"only the first 256 of {size:,} bytes were kept"
    )


def test_of_an_erased_user_there_is_nothing_to_repair(refuse: Refuse) -> None:
    decision = decide(refuse(VIEW, is_erased=True), Rule(None, None, with_product))
    assert decision == StillInvalid(Reason.ERASED_USER, "the user was erased; neither key nor bytes are kept")
