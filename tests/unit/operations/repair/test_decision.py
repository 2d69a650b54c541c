from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.ingest.decoder import EventDecoder
from jobs.ingest.rules import Accepted, AgeLimits, IngestRules
from operations.failed_events import FailedEvent
from operations.repair.decision import (
    LEFT_OUT,
    RULE_FAILED,
    Decision,
    Repair,
    Repaired,
    Skipped,
    StillInvalid,
    reframed,
)
from operations.repair.rule import AS_IT_IS, Rule
from producers.collector.mapping import Mapper
from producers.encoder import EventEncoder
from producers.publisher import Route
from schemas.codec import HEADER_BYTES, Encoder, load_schema, schema_text
from schemas.event_types import EVENT_TYPES
from schemas.failures import Reason
from tests.support.avro_records import records

CURRENT_ID = 7
OTHER_ID = 8
HAPPENED = 1_767_225_600_000
SCHEMA = load_schema("shop_event")
ENCODER = Encoder(SCHEMA, CURRENT_ID)

Failed = Callable[..., FailedEvent]


class Shelf:
    """One schema in memory."""

    url = "memory"

    def schema_of(self, schema_id: int) -> str | None:
        return schema_text("shop_event") if schema_id == CURRENT_ID else None

    def latest(self, subject: str) -> tuple[int, str]:
        return CURRENT_ID, schema_text("shop_event")


DECODER = EventDecoder(Shelf(), patience_seconds=0)
RULES = IngestRules(DECODER, AgeLimits(lateness_ms=1_000, skew_ms=100))
MAPPER = Mapper(lateness_ms=1_000, skew_ms=100, new_id=lambda: "new")
ROUTES = {kind.name: Route(kind.topic, EventEncoder(SCHEMA, CURRENT_ID)) for kind in EVENT_TYPES.values()}


def decide(failed: FailedEvent, rule: Rule = AS_IT_IS, value: bytes | None = None) -> Decision:
    return Repair(DECODER, RULES, ROUTES, MAPPER, rule).decide(
        failed, failed.value if value is None else value, HAPPENED
    )


def test_an_event_set_right_goes_on_with_its_id_and_key(failed: Failed, purchase: Any) -> None:
    broken = failed(value=ENCODER.encode(purchase(currency="euro")))
    decision = decide(broken, Rule(lambda event: event | {"currency": "EUR"}, None))
    assert decision == Repaired("order-events", "ada", ENCODER.encode(purchase(currency="EUR")), "e-1")


def test_an_event_without_an_id_gets_that_of_its_place(failed: Failed, purchase: Any) -> None:
    decision = decide(failed(value=ENCODER.encode(purchase(event_id=""))))
    assert isinstance(decision, Repaired)
    assert decision.event_id == "order-events-1-17"
    assert decision.value == ENCODER.encode(purchase(event_id="order-events-1-17"))


def test_bytes_become_an_event_or_other_bytes(failed: Failed, purchase: Any) -> None:
    good = ENCODER.encode(purchase())
    expected = Repaired("order-events", "ada", good, "e-1")
    assert decide(failed(value=b"x"), Rule(None, lambda _: purchase())) == expected
    assert decide(failed(value=b"x" + good), Rule(None, lambda value: (value or b"")[1:])) == expected


def test_what_the_rule_leaves_out_stays(failed: Failed, purchase: Any) -> None:
    leave = Rule(lambda _: None, lambda _: None)
    assert decide(failed(value=ENCODER.encode(purchase())), leave) == Skipped(LEFT_OUT)
    assert decide(failed(value=b"x"), leave) == Skipped(LEFT_OUT)


def test_what_is_still_wrong_is_told_as_ingest_tells_it(failed: Failed, purchase: Any) -> None:
    late = failed(value=ENCODER.encode(purchase(event_time=HAPPENED - 5_000)))
    assert decide(late) == StillInvalid(
        Reason.TOO_OLD, "event_time: received 5000 ms after it happened, allowed are 1000"
    )
    nameless = failed(value=ENCODER.encode(purchase(event_type="teleport")))
    assert isinstance(found := decide(nameless), StillInvalid)
    assert found.reason == Reason.UNKNOWN_EVENT_TYPE
    assert decide(failed(value=b"x")) == StillInvalid(
        Reason.WRONG_MAGIC_BYTE, "begins with byte 120, a framed record begins with 0"
    )


@pytest.mark.parametrize(
    "changes", [{"value": 1.5}, {"event_time": "now"}, {"colour": "red"}, {"user_id": 7}, {"items": [{}]}]
)
def test_a_rule_that_breaks_the_schema_costs_that_event_alone(failed: Failed, purchase: Any, changes: Any) -> None:
    decision = decide(failed(value=ENCODER.encode(purchase())), Rule(lambda event: event | changes, None))
    assert isinstance(decision, StillInvalid)
    assert decision.reason == Reason.INVALID_VALUE
    assert decision.message.startswith("does not fit the ShopEvent schema")


def test_a_rule_that_raises_costs_that_event_alone(failed: Failed, purchase: Any) -> None:
    decision = decide(failed(value=ENCODER.encode(purchase())), Rule(lambda _: {"x": 1 / 0}, None))
    assert decision == StillInvalid(RULE_FAILED, "ZeroDivisionError: division by zero")


def test_another_schema_reads_what_named_a_wrong_one(failed: Failed, purchase: Any) -> None:
    good = ENCODER.encode(purchase())
    wrong = Encoder(SCHEMA, OTHER_ID).encode(purchase())
    assert isinstance(decide(failed(value=wrong)), StillInvalid)
    for value in (wrong, good[HEADER_BYTES:]):
        assert reframed(value, CURRENT_ID) == good
        assert isinstance(decide(failed(value=value), value=reframed(value, CURRENT_ID)), Repaired)


def test_there_is_nothing_to_reframe_in_nothing() -> None:
    assert reframed(None, CURRENT_ID) is None
    assert reframed(b"", CURRENT_ID) == b""


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    records(SCHEMA)
    | st.fixed_dictionaries(
        {
            "event_id": st.sampled_from(["", "e-1"]),
            "event_type": st.sampled_from(["page_view", "view_item", "Page Viewed"]),
            "event_time": st.just(HAPPENED),
            "user_id": st.sampled_from(["", "ada"]),
            "source": st.just("test"),
            "product_id": st.sampled_from([None, "p-1"]),
            "price": st.sampled_from([None, Decimal("-1"), Decimal("9.99")]),
        }
    )
)
def test_what_is_sent_on_is_accepted_and_deciding_again_says_the_same(failed: Failed, event: dict[str, Any]) -> None:
    broken = failed(value=ENCODER.encode(event))
    first = decide(broken)
    assert decide(broken) == first
    if isinstance(first, Repaired):
        accepted = RULES.decide(first.value, HAPPENED, None)
        assert accepted == Accepted(first.event_id, first.key, None)
        assert decide(failed(value=first.value)) == first
