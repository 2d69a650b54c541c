from __future__ import annotations

from datetime import UTC, datetime

import pytest

from schemas.recommendations import Reason, RecommendationList, RecommendedItem, Source
from serving.sessions import last_items, merge
from serving.store import Deed

AT = datetime(2026, 11, 21, tzinfo=UTC)


def deed(item: str, kind: str = "view_item") -> Deed:
    return Deed(kind, item, AT)


def similar(**scores: float) -> RecommendationList:
    items = tuple(RecommendedItem(item, score, Reason.SAME_KIND) for item, score in scores.items())
    return RecommendationList(Source.SIMILAR, "m1", AT, items)


def test_the_last_items_are_ten_products_each_by_its_newest_deed_of_interest() -> None:
    deeds = [deed("a"), deed("b", "review_posted"), deed("a", "purchase"), *(deed(f"c{n}") for n in range(20))]
    found = last_items(deeds)
    assert [each.item_id for each in found] == ["a", *(f"c{n}" for n in range(9))]
    assert found[0].kind == "view_item"


def test_lists_are_merged_by_their_relative_scores_how_late_and_how_loud() -> None:
    found = merge([deed("x"), deed("y", "add_to_cart")], {"x": similar(p=10, q=5), "y": similar(q=0.4, r=0.2, x=0.4)})
    assert [(item.item_id, item.reason, item.because) for item in found] == [
        ("q", Reason.SIMILAR_TO_CART, ("y", "x")),
        ("p", Reason.SIMILAR_TO_VIEWED, ("x",)),
        ("r", Reason.SIMILAR_TO_CART, ("y",)),
    ]
    assert [item.score for item in found] == pytest.approx([0.5 + 1.6, 1, 0.8])


def test_what_has_no_list_or_an_empty_one_adds_nothing() -> None:
    assert merge([deed("x"), deed("y")], {"y": similar()}) == []
