from __future__ import annotations

from datetime import UTC, datetime

from schemas.recommendations import Product, Reason, RecommendationList, RecommendedItem, Source, encode_list
from serving.memory import UNKNOWN_PRODUCT, Memory

AT = datetime(2026, 11, 21, tzinfo=UTC)
ONE, OTHER = (
    RecommendationList(Source.POPULAR, "", AT, AT, (RecommendedItem(item, 1.0, Reason.POPULAR),)) for item in "ab"
)


def test_a_list_is_good_for_a_while_after_it_was_seen_last() -> None:
    now = 0.0
    memory = Memory(10, 10, 60, lambda: now)
    assert memory.recall("k") is None
    assert not memory.remember("k", encode_list(ONE)).is_remembered
    now = 50
    assert memory.remember("k", encode_list(ONE)).value is memory.recall("k").value  # type: ignore[union-attr]
    now = 110
    recalled = memory.recall("k")
    assert recalled is not None
    assert (recalled.value, recalled.is_remembered) == (ONE, True)
    now = 111
    assert memory.recall("k") is None


def test_a_list_that_changed_takes_the_place_of_the_one_before() -> None:
    memory = Memory(10, 10, 60, lambda: 0.0)
    memory.remember("k", encode_list(ONE))
    assert memory.remember("k", encode_list(OTHER)).value == OTHER


def test_a_page_of_the_catalogue_is_kept_like_a_list() -> None:
    now = 0.0
    memory = Memory(10, 10, 60, lambda: now)
    assert memory.remember_page("k", ONE).value == ONE
    assert memory.remember_page("k", OTHER).value == OTHER
    recalled = memory.recall("k")
    assert recalled is not None
    assert (recalled.value, recalled.is_remembered) == (OTHER, True)
    now = 61
    assert memory.recall("k") is None


def test_what_was_used_least_recently_is_dropped_first() -> None:
    memory = Memory(2, 2, 60, lambda: 0.0)
    for key in ("a", "b", "a", "c"):
        memory.remember(key, encode_list(ONE))
        memory.remember_product(key, Product(title=key))
    assert [memory.recall(key) is not None for key in "abc"] == [True, False, True]
    assert [memory.product(key) == UNKNOWN_PRODUCT for key in "abc"] == [False, True, False]
    assert len(memory) == 2
