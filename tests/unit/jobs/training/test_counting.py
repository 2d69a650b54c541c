"""What counts of all events, beside the same rule in plain Python (``tests/support/interactions.py``)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.training.counting import counted_interactions
from jobs.training.interactions import schema_of
from schemas.interactions import OF_ORDERS
from tests.support.interactions import Event, kept_additions, kept_purchases

PRODUCTS = st.sampled_from("abc")
TIMES = st.integers(1, 6)
LINES = st.lists(st.tuples(PRODUCTS, st.integers(1, 3)), min_size=1, max_size=3).map(tuple)
PLAIN = st.builds(
    Event, st.just(0), st.sampled_from(["view_item", "add_to_cart", "add_to_cart", "remove_from_cart"]), TIMES, PRODUCTS
)
OF_AN_ORDER = {"product": st.just(""), "order": st.sampled_from(["o1", "o2", "R1"])}
VALUES = st.sampled_from(["0", "1", "2.5", "5"])
PURCHASES = st.builds(Event, st.just(0), st.just("purchase"), TIMES, **OF_AN_ORDER, value=VALUES, lines=LINES)
RETURNS = st.builds(
    Event,
    st.just(0),
    st.sampled_from(["refund", "order_cancelled"]),
    TIMES,
    **OF_AN_ORDER,
    value=VALUES,
    lines=st.just(()) | LINES,
)
HISTORIES = st.dictionaries(st.sampled_from(["ann", "bob"]), st.lists(PLAIN | PURCHASES | RETURNS, max_size=12))


def rows_of(user: str, event: Event) -> list[dict[str, Any]]:
    """The rows of ``interaction_events.sql``."""
    row = {"user_id": user, "is_visitor": False, "kind": event.kind, "event_time": event.time_ms}
    if event.kind not in OF_ORDERS:
        return [row | {"product_id": event.product, "order_id": "", "units": 0, "value": None}]
    row |= {"order_id": event.order, "value": Decimal(event.value)}
    return [row | {"product_id": product, "units": units} for product, units in event.lines or [("", 0)]]


def counted(rows: Sequence[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    table = counted_interactions(pa.Table.from_pylist(list(rows), schema_of("interaction_events")))
    return Counter(
        (row["user_id"], row["kind"], row["product_id"], row["event_time"], row["basket"]) for row in table.to_pylist()
    )


@settings(max_examples=100, deadline=None)
@given(HISTORIES, st.randoms(use_true_random=False))
def test_what_counts_is_what_counts_by_plain_python_in_whatever_order_it_comes(
    histories: dict[str, list[Event]], order: random.Random
) -> None:
    expected: Counter[tuple[Any, ...]] = Counter()
    for user, events in histories.items():
        as_they_are = [event for event in events if event.kind == "view_item"] + kept_additions(events)
        expected.update((user, e.kind, e.product, e.time_ms, "") for e in as_they_are)
        expected.update((user, "purchase", product, at, of) for product, of, at in kept_purchases(events))
    rows = [row for user, events in histories.items() for event in events for row in rows_of(user, event)]
    order.shuffle(rows)
    assert counted(rows) == expected


def test_who_bought_as_a_visitor_is_one_whatever_came_back() -> None:
    bought, returned = (
        Event(1, "purchase", 1, "", "o1", "5", (("a", 2),)),
        Event(2, "refund", 2, "", "R", "1", (("a", 1),)),
    )
    rows = [row | {"is_visitor": True} for row in rows_of("ann", bought)] + rows_of("ann", returned)
    table = counted_interactions(pa.Table.from_pylist(rows, schema_of("interaction_events")))
    assert table.to_pylist() == [
        {"user_id": "ann", "is_visitor": True, "product_id": "a", "kind": "purchase", "event_time": 1, "basket": "o1"}
    ]
