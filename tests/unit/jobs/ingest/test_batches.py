"""A batch is decided on as its records are one by one; test_rules.py says what is right."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.ingest.batches import BatchRules, Records
from jobs.ingest.decoder import EventDecoder
from jobs.ingest.rules import AgeLimits, IngestRules
from schemas.codec import Encoder, load_schema
from schemas.event_types import ALIASES, EVENT_TYPES
from schemas.failures import Failure
from schemas.validation import (
    CONSTRAINTS,
    ITEM_CONSTRAINTS,
    MAX_AMOUNT,
    MAX_ID_LENGTH,
    Amount,
    Code,
    Constraint,
    Identifier,
    OneOf,
    WholeNumber,
    required_fields,
)
from tests.support.avro_records import field_values, records

Purchase = Callable[..., dict[str, Any]]
Row = tuple[bytes | None, int, bytes | None]
HAPPENED = 1_767_225_600_000
LIMITS = AgeLimits(lateness_ms=1_000, skew_ms=100)
SCHEMA = load_schema("shop_event")

FIELDS = {field["name"]: field["type"] for field in SCHEMA["fields"]}
ITEM_FIELDS = {field["name"]: field["type"] for field in FIELDS["items"]["items"]["fields"]}
EMPTY = {field["name"]: field["default"] for field in SCHEMA["fields"] if "default" in field} | {"source": "test"}
BLANKS = (" ", "\t\n", "\u00a0", "\u3000 ", "\u2003", "\x1f")
TEXTS = ("", "u-1", " u-1", "\u00a0u-1 ", "Âse", *BLANKS, "ö" * 128, "ö" * 129, "x" * 256, "x" * 257, "x" * 9000)
AMOUNTS = tuple(map(Decimal, ("0", "9.99", "-0.0001", "3602879701896.3967", "99999999999999.9999")))


def examples(constraint: Constraint) -> tuple[Any, ...]:
    """Values at and beyond the bounds of a constraint."""
    match constraint:
        case Identifier():
            return TEXTS
        case Amount():
            return AMOUNTS
        case WholeNumber(lowest, highest):
            bounds = (lowest - 1, lowest, lowest + 1, highest - 1, highest, highest + 1)
            return tuple(number for number in (-1, *bounds, -highest, -highest - 1) if abs(number) < 2**31)
        case Code():
            return ("EUR", "EU", "EURO", "eur", "E€R", "E@R", "E[R", "")
        case OneOf(texts):
            return (*texts, "teleported", "", texts[0][:-1], texts[0] + "s", texts[0].upper(), texts[0] + texts[1])


def values_of(name: str, avro: Any, constraints: dict[str, Constraint]) -> st.SearchStrategy[Any]:
    """Any value that a field can have, those at the bounds of its constraint above all."""
    if name not in constraints:
        return field_values(avro)
    plausible = st.sampled_from(examples(constraints[name]))
    return st.none() | plausible if type(avro) is list else plausible


items = st.fixed_dictionaries({name: values_of(name, avro, ITEM_CONSTRAINTS) for name, avro in ITEM_FIELDS.items()})
plausible = {name: values_of(name, avro, CONSTRAINTS) for name, avro in FIELDS.items()} | {
    "event_type": st.sampled_from([*EVENT_TYPES, *ALIASES, "teleport"]),
    "event_time": st.sampled_from([HAPPENED, HAPPENED - 1_000, HAPPENED - 1_001, HAPPENED + 100, HAPPENED + 101, 0]),
    "items": st.lists(items, max_size=3) | st.just([{"product_id": "p", "quantity": 1, "price": Decimal(1)}] * 70),
}
ITEM = {"product_id": "p-1", "quantity": 2, "price": Decimal("5.5"), "category": "Tea"}
VALID = EMPTY | {
    "event_id": "e-1",
    "user_id": "ada",
    "event_time": HAPPENED,
    "product_id": "p-1",
    "product_title": "Tea",
    "quantity": 3,
    "order_id": "o-1",
    "currency": "GBP",
    "value": Decimal("9.99"),
    "payment_id": "y-1",
    "reason": "too late",
    "search_query": "tea",
    "rating": 5,
    "recommendation_id": "r-1",
    "items": [ITEM],
}
"""Valid under each event type."""


@st.composite
def changed(draw: st.DrawFn) -> dict[str, Any]:
    """A valid event of any type, of which one field, or two, may be anything that is plausible."""
    event = VALID | {"event_type": draw(st.sampled_from([*EVENT_TYPES, *ALIASES]))}
    for name in draw(st.lists(st.sampled_from(sorted(plausible)), min_size=1, max_size=2)):
        event[name] = draw(plausible[name])
    return event


events = st.one_of(records(SCHEMA), st.fixed_dictionaries(plausible), changed())
received = st.one_of(
    st.none(),
    st.sampled_from([b"%d" % (HAPPENED + late) for late in (-101, -100, 0, 1_000, 1_001)]),
    st.sampled_from([b"", b"yesterday", b"17672256OO000", b"0" * 20 + b"%d" % HAPPENED, b"9" * 30]),
)


@st.composite
def rows(draw: st.DrawFn, encoders: tuple[Encoder, ...]) -> Row:
    value = bytearray(draw(st.sampled_from(encoders)).encode(draw(events)))
    if draw(st.booleans()):
        for _ in range(draw(st.integers(0, 3))):
            value[draw(st.integers(0, len(value) - 1))] = draw(st.integers(0, 255))
        value = value[: draw(st.integers(0, len(value)))] if draw(st.booleans()) else value
        value += draw(st.binary(max_size=2))
    return draw(st.none() | st.just(bytes(value))) if draw(st.booleans()) else bytes(value), HAPPENED, draw(received)


def batch(read: list[Row]) -> Records:
    return Records(*zip(*read, strict=True))  # type: ignore[arg-type]


def one_by_one(rules: IngestRules, read: list[Row]) -> list[tuple[Any, ...]]:
    def decide(row: Row) -> tuple[Any, ...]:
        decision = rules.decide(*row)
        if isinstance(decision, Failure):
            return None, decision.user_id or None, None, decision.reason.value, decision.message
        return decision.event_id, decision.key, decision.rewritten, None, None

    return [decide(row) for row in read]


def together(rules: BatchRules, read: list[Row]) -> list[tuple[Any, ...]]:
    made = rules.decide(batch(read))
    return list(zip(made.event_ids, made.keys, made.rewritten, made.reasons, made.messages, strict=True))


def decided_in_a_batch(registry: Any, encoder: Encoder, events: list[dict[str, Any]]) -> list[bool]:
    """Which events a batch accepts, once it was found to decide as each of them is decided on alone."""
    decoder = EventDecoder(registry)
    read: list[Row] = [(encoder.encode(event), HAPPENED, None) for event in events]
    alone = one_by_one(IngestRules(decoder, LIMITS), read)
    assert together(BatchRules(decoder, LIMITS, fewest=1), read) == alone
    return [decision[3] is None for decision in alone]


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_a_value_is_accepted_as_its_constraint_says_alone_and_in_a_batch(
    registry: Any, encoder: Encoder, event_type: str
) -> None:
    cases = [(name, value) for name, constraint in CONSTRAINTS.items() for value in examples(constraint)]
    required = required_fields(EVENT_TYPES[event_type])

    accepted = decided_in_a_batch(
        registry, encoder, [VALID | {"event_type": event_type, name: value} for name, value in cases]
    )

    expected = [
        allows(CONSTRAINTS[name], value, event_type) and not (value == "" and name in required) for name, value in cases
    ]
    assert [case for case, a, b in zip(cases, accepted, expected, strict=True) if a != b] == []


def test_a_value_of_a_line_is_accepted_as_its_constraint_says_alone_and_in_a_batch(
    registry: Any, encoder: Encoder
) -> None:
    cases = [(name, value) for name, constraint in ITEM_CONSTRAINTS.items() for value in examples(constraint)]
    lines = [[ITEM, ITEM | {name: value}] for name, value in cases]

    accepted = decided_in_a_batch(registry, encoder, [VALID | {"event_type": "purchase", "items": i} for i in lines])

    expected = [allows(ITEM_CONSTRAINTS[name], value, "purchase") and value != "" for name, value in cases]
    assert [case for case, a, b in zip(cases, accepted, expected, strict=True) if a != b] == []


@pytest.mark.parametrize("size", [1, 10, 64, 200])
def test_an_impossible_visibility_is_refused_in_a_batch_of_any_size(
    registry: Any, encoder: Encoder, purchase: Purchase, size: int
) -> None:
    decoder = EventDecoder(registry)
    read: list[Row] = [(encoder.encode(purchase(visibility="teleported")), HAPPENED, None)] * size

    decided = together(BatchRules(decoder, LIMITS), read)

    assert {decision[3] for decision in decided} == {"invalid_value"}
    assert decided == one_by_one(IngestRules(decoder, LIMITS), read)


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_what_a_type_requires_is_required_alone_and_in_a_batch(
    registry: Any, encoder: Encoder, event_type: str
) -> None:
    empty = {"event_id": "", "user_id": "", **EMPTY}
    without = [VALID | {"event_type": event_type, name: value} for name, value in empty.items()]

    accepted = decided_in_a_batch(registry, encoder, without)

    refused = {name for name, is_accepted in zip(empty, accepted, strict=True) if not is_accepted}
    assert refused == set(required_fields(EVENT_TYPES[event_type]))


def allows(constraint: Constraint, value: Any, event_type: str) -> bool:
    """The same in other words than those of the code."""
    match constraint:
        case Identifier():
            return len(value) <= MAX_ID_LENGTH and value not in BLANKS
        case Amount():
            return bool(0 <= value < MAX_AMOUNT)
        case WholeNumber(lowest, highest, exceptions):
            return value in range(
                (lowest if (event_type,) not in [e[:1] for e in exceptions] else -highest), highest + 1
            )
        case Code():
            return bool(value == "EUR")
        case OneOf(texts):
            return value in texts


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_batch_is_decided_on_as_its_records_are(
    registry: Any, encoder: Encoder, old_encoder: Encoder, data: st.DataObject
) -> None:
    decoder = EventDecoder(registry)
    read = data.draw(st.lists(rows((encoder, old_encoder)), min_size=1, max_size=12))

    assert together(BatchRules(decoder, LIMITS, fewest=1), read) == one_by_one(IngestRules(decoder, LIMITS), read)


@pytest.mark.parametrize("event_type", ["purchase", "Order Completed"])
def test_ordinary_records_are_not_decided_on_one_by_one(
    registry: Any, encoder: Encoder, purchase: Purchase, event_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = EventDecoder(registry)
    value = encoder.encode(purchase(event_type=event_type, search_query="größer als " + "x" * 100))
    monkeypatch.setattr(decoder, "decode", None)

    decided = together(BatchRules(decoder, LIMITS), [(value, HAPPENED, None)] * 64)

    rewritten = None if event_type == "purchase" else value.replace(b"\x1eOrder Completed", b"\x10purchase")
    assert decided == [("e-1", "ada", rewritten, None, None)] * 64


def test_a_damaged_record_does_not_hide_what_is_wrong_with_the_next(
    registry: Any, encoder: Encoder, purchase: Purchase
) -> None:
    long = encoder.encode(purchase()).replace(b"\x06e-1", b"\xfe\x03e-1")
    no_text = encoder.encode(purchase(source="abcd")).replace(b"abcd", b"ab\xff\xff")
    rules = BatchRules(EventDecoder(registry), LIMITS, fewest=1)

    reasons = rules.decide(batch([(long, HAPPENED, None), (no_text, HAPPENED, None)])).reasons

    assert reasons.tolist() == ["undecodable", "undecodable"]
