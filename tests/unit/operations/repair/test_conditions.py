from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.failed_events import FailedEvent
from operations.repair.conditions import parse_condition
from schemas.errors import ConfigurationError

OPERATORS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("reason=missing_field", True),
        ("reason!=missing_field", False),
        ("topic=user-events", False),
        ("topic=failed-events", False),
        ("stage=ingest", True),
        ("stage=collector", False),
        ("partition<1", False),
        ("offset>=17", True),
        ("failed_at<2026-01-05T12:00:01", True),
        ("failed_at<2026-01-05T12:00:00+01:00", False),
        ("message=event_id: purchase requires it", True),
    ],
)
def test_a_place_or_a_reason_is_compared(failed: Callable[..., FailedEvent], text: str, expected: bool) -> None:
    assert parse_condition(text).holds(failed(), None) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("event.source=test", True),
        ("event.value>10", True),
        ("event.value=10.001", True),
        ("event.event_time>=2026-01-01", True),
        ("event.event_time>2026-01-01", False),
        ("event.coupon=", True),
        ("event.coupon!=", False),
        ("event.coupon!=X=1", True),
        ("event.rating>0", False),
        ("event.rating<9", False),
    ],
)
def test_a_field_is_compared_in_its_type(
    failed: Callable[..., FailedEvent], purchase: Any, text: str, expected: bool
) -> None:
    assert parse_condition(text).holds(failed(), purchase(value=Decimal("10.001"))) is expected


def test_a_condition_on_a_field_does_not_hold_for_what_cannot_be_decoded(failed: Callable[..., FailedEvent]) -> None:
    assert not parse_condition("event.source!=web").holds(failed(), None)


@given(st.sampled_from(sorted(OPERATORS)), st.integers(0, 2**40), st.integers(0, 2**40))
def test_offsets_compare_as_numbers(failed: Callable[..., FailedEvent], sign: str, found: int, given: int) -> None:
    assert parse_condition(f"offset{sign}{given}").holds(failed(offset=found), None) is OPERATORS[sign](found, given)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("reason", "is no condition"),
        ("reason=no_idea", "'no_idea' is no value of reason"),
        ("topic=orders", "the domain topics are user-events"),
        ("offset=x", "'x' is no value of offset"),
        ("event.value=a lot", "'a lot' is no value of event.value"),
        ("event.items=x", "Nothing is called 'event.items'"),
        ("colour=red", "Nothing is called 'colour'. There are: stage, reason, message, topic"),
    ],
)
def test_what_is_no_condition_is_named(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        parse_condition(text)
