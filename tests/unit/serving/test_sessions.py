from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schemas.recommendations import Reason, RecommendationList, RecommendedItem, Source
from serving.sessions import last_items, merge, of_session, taken_already
from serving.store import Interaction

AT = datetime(2026, 11, 21, tzinfo=UTC)


def interaction(item: str, kind: str = "view_item") -> Interaction:
    return Interaction(kind, item, AT)


def similar(**scores: float) -> RecommendationList:
    items = tuple(RecommendedItem(item, score, Reason.SAME_KIND) for item, score in scores.items())
    return RecommendationList(Source.SIMILAR, "m1", AT, AT, items)


def test_the_last_items_are_ten_products_each_by_its_newest_interaction_that_counts() -> None:
    interactions = [
        interaction("a"),
        interaction("b", "review_posted"),
        interaction("a", "purchase"),
        *(interaction(f"c{n}") for n in range(20)),
    ]
    last = last_items(interactions)
    assert [each.item_id for each in last] == ["a", *(f"c{n}" for n in range(9))]
    assert last[0].kind == "view_item"


def test_lists_are_merged_by_relative_score_recency_and_kind() -> None:
    merged = merge(
        [interaction("x"), interaction("y", "add_to_cart")],
        {"x": similar(p=10, q=5), "y": similar(q=0.4, r=0.2, x=0.4)},
    )
    assert [(item.item_id, item.reason, item.because) for item in merged] == [
        ("q", Reason.SIMILAR_TO_CART, ("y", "x")),
        ("p", Reason.SIMILAR_TO_VIEWED, ("x",)),
        ("r", Reason.SIMILAR_TO_CART, ("y",)),
    ]
    assert [item.score for item in merged] == pytest.approx([0.5 + 1.6, 1, 0.8])


def test_what_has_no_list_or_an_empty_one_adds_nothing() -> None:
    assert merge([interaction("x"), interaction("y")], {"y": similar()}) == []


def test_taken_already_is_what_lies_in_the_cart_and_what_was_bought_within_a_day() -> None:
    def ago(kind: str, item: str, hours: float) -> Interaction:
        return Interaction(kind, item, AT - timedelta(hours=hours))

    history = [
        ago("view_item", "viewed", 1),
        ago("add_to_cart", "added", 900),
        ago("add_to_cart", "bought since", 50),
        ago("purchase", "bought since", 49),
        ago("purchase", "added again", 49),
        ago("add_to_cart", "added again", 48),
        ago("purchase", "just bought", 23),
    ]
    assert taken_already(history, AT) == {"added", "added again", "just bought"}


def test_of_a_session_what_was_taken_out_of_the_cart_is_no_longer_in_it() -> None:
    done = [
        ("add_to_cart", "a"),
        ("add_to_cart", "b"),
        ("view_item", "b"),
        ("remove_from_cart", "b"),
        ("remove_from_cart", "c"),
        ("add_to_cart", "c"),
    ]
    session = of_session(done, AT)
    assert [(each.kind, each.item_id) for each in session] == [
        ("add_to_cart", "c"),
        ("view_item", "b"),
        ("add_to_cart", "a"),
    ]
    assert taken_already(session, AT) == {"a", "c"}
