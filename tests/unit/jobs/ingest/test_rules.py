from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from jobs.ingest.batches import BatchRules, Records
from jobs.ingest.decoder import EventDecoder
from jobs.ingest.function import refuse
from jobs.ingest.rules import Accepted, AgeLimits, IngestRules
from schemas.codec import Encoder
from schemas.failures import Failure, Reason

Purchase = Callable[..., dict[str, Any]]
HAPPENED = 1_767_225_600_000
LIMITS = AgeLimits(lateness_ms=1_000, skew_ms=100)


@pytest.fixture
def rules(registry: Any) -> IngestRules:
    return IngestRules(EventDecoder(registry), LIMITS)


@pytest.fixture
def refused(rules: IngestRules, encoder: Encoder) -> Callable[[dict[str, Any]], tuple[Reason, str]]:
    def decide(event: dict[str, Any]) -> tuple[Reason, str]:
        decision = rules.decide(encoder.encode(event), HAPPENED, None)
        assert isinstance(decision, Failure), decision
        return decision.reason, decision.message.split(":")[0]

    return decide


def test_a_valid_record_passes_as_it_is(rules: IngestRules, encoder: Encoder, purchase: Purchase) -> None:
    assert rules.decide(encoder.encode(purchase()), HAPPENED, None) == Accepted("e-1", "ada", None)


@pytest.mark.parametrize(
    ("currency", "value"), [("JPY", "1500"), ("JPY", "99999999999999"), ("BHD", "1.234"), ("CLF", "0.0001")]
)
def test_an_amount_may_have_the_decimals_of_any_currency(
    rules: IngestRules, encoder: Encoder, purchase: Purchase, currency: str, value: str
) -> None:
    event = purchase(currency=currency, value=Decimal(value), tax=Decimal(value), shipping=Decimal(value))
    assert rules.decide(encoder.encode(event), HAPPENED, None) == Accepted("e-1", "ada", None)


def test_a_foreign_name_is_rewritten_to_the_canonical_one(
    rules: IngestRules, encoder: Encoder, purchase: Purchase
) -> None:
    decision = rules.decide(encoder.encode(purchase(event_type="Order Completed")), HAPPENED, None)

    assert decision == Accepted("e-1", "ada", encoder.encode(purchase()))


def test_an_event_without_a_user_travels_by_its_product(rules: IngestRules, encoder: Encoder) -> None:
    event = {
        "event_id": "s-1",
        "event_type": "stock_changed",
        "event_time": HAPPENED,
        "user_id": "",
        "source": "test",
        "product_id": "p-1",
        "quantity": -3,
    }

    assert rules.decide(encoder.encode(event), HAPPENED, None) == Accepted("s-1", "p-1", None)


@pytest.mark.parametrize("field", ["event_id", "user_id", "order_id", "currency", "value", "items"])
def test_a_purchase_requires_its_fields(field: str, refused: Any, purchase: Purchase) -> None:
    missing: Any = {"items": [], "event_id": "", "user_id": ""}.get(field)

    assert refused(purchase(**{field: missing})) == (Reason.MISSING_FIELD, field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("value", Decimal("-0.0001")),
        ("price", Decimal("-1")),
        ("currency", "pounds"),
        ("rating", 11),
        ("rating", 0),
        ("quantity", 0),
        ("quantity", 10**10),
        ("position", 0),
        ("stock", -1),
        ("order_id", "x" * 257),
    ],
)
def test_what_cannot_be_is_refused(field: str, value: Any, refused: Any, purchase: Purchase) -> None:
    assert refused(purchase(**{field: value})) == (Reason.INVALID_VALUE, field)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"product_id": ""}, (Reason.MISSING_FIELD, "items[1].product_id")),
        ({"quantity": -5}, (Reason.INVALID_VALUE, "items[1].quantity")),
        ({"price": Decimal("-0.01")}, (Reason.INVALID_VALUE, "items[1].price")),
    ],
)
def test_a_line_that_cannot_be_is_refused(item: Any, expected: Any, refused: Any, purchase: Purchase) -> None:
    first, second = purchase()["items"]

    assert refused(purchase(items=[first, second | item])) == expected


def test_an_unknown_type_is_refused(refused: Any, purchase: Purchase) -> None:
    assert refused(purchase(event_type="teleport")) == (Reason.UNKNOWN_EVENT_TYPE, "event_type")


@pytest.mark.parametrize(
    ("received_ms", "reason"),
    [
        (HAPPENED + 1_000, None),
        (HAPPENED + 1_001, Reason.TOO_OLD),
        (HAPPENED - 100, None),
        (HAPPENED - 101, Reason.TOO_FAR_IN_FUTURE),
    ],
)
@pytest.mark.parametrize("judged_by", ["timestamp", "header"])
def test_age_is_judged_at_reception_and_the_header_wins(
    rules: IngestRules, encoder: Encoder, purchase: Purchase, received_ms: int, reason: Reason | None, judged_by: str
) -> None:
    value = encoder.encode(purchase())

    if judged_by == "timestamp":
        decision = rules.decide(value, received_ms, None)
    else:
        decision = rules.decide(value, 0, str(received_ms).encode())

    assert (decision.reason if isinstance(decision, Failure) else None) is reason


def test_a_header_that_is_no_time_is_refused(rules: IngestRules, encoder: Encoder, purchase: Purchase) -> None:
    decision = rules.decide(encoder.encode(purchase()), HAPPENED, b"yesterday")

    assert isinstance(decision, Failure)
    assert decision.reason is Reason.INVALID_VALUE
    assert "shop-received-at" in decision.message


def test_a_refused_record_tells_its_user_so_that_nothing_of_an_erased_one_is_kept(
    registry: Any, encoder: Encoder, purchase: Purchase
) -> None:
    values = [
        encoder.encode(purchase()),
        encoder.encode(purchase(value=Decimal(-5))),
        encoder.encode(purchase(event_type="no such type", user_id="bob")),
        encoder.encode(purchase(event_time=HAPPENED - 5_000, user_id="eve")),
        encoder.encode(purchase())[:-3],
    ]
    rules = BatchRules(EventDecoder(registry), LIMITS)
    decisions = rules.decide(Records(values, [HAPPENED] * len(values), [None] * len(values)))
    assert decisions.keys.tolist() == ["ada", "ada", "bob", "eve", None]

    refuse(decisions, [0, 1, 3])

    reasons = ["erased_user", "erased_user", "unknown_event_type", "erased_user", "undecodable"]
    assert decisions.reasons.tolist() == reasons
    assert decisions.keys.tolist() == [None, None, "bob", None, None]
    assert {decisions.messages[row] for row in (0, 1, 3)} == {"user_id: the user was erased"}
