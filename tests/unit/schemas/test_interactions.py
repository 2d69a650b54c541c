"""What counts as an interaction, beside the same rule in plain Python (``tests/support/interactions.py``)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.interactions import KIND_WEIGHTS
from recommender.publishing.personaliser import newest_of_each
from schemas.interactions import KINDS, counted
from serving import sessions
from tests.support.interactions import Event, plainly

USER = "ann"


def purchase(number: int, time_ms: int, order: str, value: str, *lines: tuple[str, int]) -> Event:
    return Event(number, "purchase", time_ms, "", order, value, lines)


def refund(number: int, time_ms: int, order: str, value: str, *lines: tuple[str, int]) -> Event:
    return Event(number, "refund", time_ms, "", order, value, lines)


def cancelled(number: int, time_ms: int, order: str, *lines: tuple[str, int]) -> Event:
    return Event(number, "order_cancelled", time_ms, "", order, "1", lines)


def history(events: Sequence[Event]) -> dict[str, float]:
    """As the events leave it in Redis."""
    members = [(each, event.time_ms) for event in events for each in event.members()]
    if not members:
        return {}
    newest = newest_of_each([USER] * len(members), [each for each, _ in members], [time for _, time in members])
    return {each: float(time) for each, time in newest[USER].items()}


def counting(events: Sequence[Event]) -> dict[tuple[str, str], float]:
    interactions = counted(history(events).items())
    assert len({(each.kind, each.product_id) for each in interactions}) == len(interactions)
    return {(each.kind, each.product_id): each.time_ms for each in interactions}


def test_an_addition_to_a_cart_counts_unless_a_removal_is_as_new_or_newer() -> None:
    def cart(*kinds_and_times: tuple[str, int]) -> list[Event]:
        return [Event(number, kind, time, "a") for number, (kind, time) in enumerate(kinds_and_times)]

    assert counting(cart(("add_to_cart", 5))) == {("add_to_cart", "a"): 5}
    assert counting(cart(("add_to_cart", 5), ("remove_from_cart", 6))) == {}
    assert counting(cart(("add_to_cart", 5), ("remove_from_cart", 5))) == {}
    assert counting(cart(("add_to_cart", 5), ("remove_from_cart", 6), ("add_to_cart", 7))) == {("add_to_cart", "a"): 7}
    assert counting([*cart(("add_to_cart", 5)), Event(9, "remove_from_cart", 6, "b")]) == {("add_to_cart", "a"): 5}


BOUGHT = purchase(1, 10, "o1", "5.00", ("a", 2), ("b", 1))


@pytest.mark.parametrize(
    ("undoing", "kept"),
    [
        ([], {"a", "b"}),
        ([cancelled(2, 20, "o1")], set()),
        ([cancelled(2, 20, "o2")], {"a", "b"}),
        ([cancelled(2, 20, "o1", ("b", 1))], {"a"}),
        ([refund(2, 20, "o1", "5.0000")], set()),
        ([refund(2, 20, "o1", "4.99")], {"a", "b"}),
        ([refund(2, 20, "o1", "2"), refund(3, 21, "o1", "3")], set()),
        ([refund(2, 20, "o1", "9", ("a", 1))], {"a", "b"}),
        ([refund(2, 20, "o1", "9", ("a", 1), ("a", 1))], {"b"}),
        ([refund(2, 20, "o1", "9", ("a", 1)), refund(3, 21, "o1", "9", ("a", 1))], {"b"}),
        ([refund(2, 20, "R1", "9", ("a", 2))], {"b"}),
        ([refund(2, 20, "R1", "9", ("a", 1))], {"a", "b"}),
        ([refund(2, 9, "R1", "9", ("a", 2))], {"a", "b"}),
        ([refund(2, 20, "R1", "9", ("c", 2))], {"a", "b"}),
    ],
)
def test_a_purchase_counts_while_units_of_it_are_left(undoing: list[Event], kept: set[str]) -> None:
    assert counting([*undoing, BOUGHT]) == {("purchase", product): 10 for product in kept}


def test_of_several_orders_the_newest_that_was_kept_counts() -> None:
    orders = [purchase(n, 10 * n, f"o{n}", "1", ("a", 1)) for n in (1, 2, 3)]
    assert counting(orders) == {("purchase", "a"): 30}
    assert counting([*orders, cancelled(9, 40, "o3")]) == {("purchase", "a"): 20}
    assert counting([*orders, cancelled(9, 40, "o2")]) == {("purchase", "a"): 30}
    assert counting([*orders, refund(9, 25, "R1", "1", ("a", 2))]) == {("purchase", "a"): 30}
    assert counting([*orders, refund(9, 35, "R1", "1", ("a", 2))]) == {("purchase", "a"): 10}
    both = [cancelled(8, 40, "o3", ("a", 1)), refund(9, 41, "o3", "1", ("a", 1))]
    assert counting([*orders, *both]) == {("purchase", "a"): 20}


def test_purchases_of_earlier_versions_count_until_the_order_is_read_again_or_given_back() -> None:
    former = {"purchase:a": 10.0, "purchase:b": 5.0, 'purchase:["odd"]': 4.0, "page_view:a": 3.0}
    interactions = {(each.product_id, each.time_ms) for each in counted(former.items())}
    assert interactions == {("a", 10.0), ("b", 5.0), ('["odd"]', 4.0)}

    again = former | history([BOUGHT, cancelled(2, 20, "o1")])
    assert {each.product_id for each in counted(again.items())} == {"b", '["odd"]'}
    returned = former | history([refund(2, 20, "o1", "1", ("a", 1))])
    assert {each.product_id for each in counted(returned.items())} == {"b", '["odd"]'}


def test_ids_may_hold_anything() -> None:
    strange = ['a"b', "c\\d", "e:f", "[1]", "ü", "\n", ""]
    for order in strange[:-1]:
        for product in strange[:-1]:
            bought = purchase(1, 10, order, "1", (product, 1))
            assert counting([bought]) == {("purchase", product): 10}
            assert counting([bought, cancelled(2, 11, order)]) == {}


def test_the_kinds_are_those_that_have_a_weight() -> None:
    assert tuple(KIND_WEIGHTS) == tuple(sessions.KIND_WEIGHTS) == KINDS


PRODUCTS = st.sampled_from("abc")
TIMES = st.integers(1, 12)
ORDERS = st.sampled_from(["o1", "o2", "o3", "R1"])
LINES = st.lists(st.tuples(PRODUCTS, st.integers(1, 3)), min_size=1, max_size=3).map(tuple)
ANY_LINES = st.one_of(st.just(()), LINES)
VALUES = st.sampled_from(["0", "1", "2.50", "5"])
NUMBERS = st.integers(0, 10**9)
EVENTS = st.lists(
    st.one_of(
        st.builds(Event, NUMBERS, st.sampled_from(["view_item", "add_to_cart", "remove_from_cart"]), TIMES, PRODUCTS),
        st.builds(Event, NUMBERS, st.just("purchase"), TIMES, st.just(""), ORDERS, VALUES, LINES),
        st.builds(
            Event,
            NUMBERS,
            st.sampled_from(["refund", "order_cancelled"]),
            TIMES,
            st.just(""),
            ORDERS,
            VALUES,
            ANY_LINES,
        ),
    ),
    max_size=25,
    unique_by=lambda event: event.number,
)


@settings(deadline=None, max_examples=300)
@given(EVENTS, st.integers(0, 2**32))
def test_shuffled_and_repeated_events_give_the_same_histories_and_what_counts_is_plain(
    events: list[Event], seed: int
) -> None:
    expected = history(events)
    assert counting(events) == plainly(events)
    rng = random.Random(seed)
    again = rng.choices(events, k=10) + events if events else []
    rng.shuffle(again)
    assert history(again) == expected
    assert counting(again) == plainly(events)


@settings(deadline=None)
@given(EVENTS, st.integers(0, 2**32))
def test_what_counts_does_not_depend_on_the_order_of_the_members(events: list[Event], seed: int) -> None:
    members = list(history(events).items())
    expected = Counter(counted(members))
    random.Random(seed).shuffle(members)
    assert Counter(counted(members)) == expected
