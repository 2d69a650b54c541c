from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from schemas.recommendations import LIST_ITEMS, NEWEST_ITEMS
from serving.fallback_chain import RERANKED
from sinks.lists.demand import TREND_UNIT
from sinks.lists.ranking import KINDS, ListKey, RankedList, Ranking, best
from tests.support.demand import T0, Change, Shelf, apply, changes, plainly, take


def last_of_each_key(every: list[Change]) -> list[Change]:
    """What a compacted topic holds at last."""
    return list(
        {(kind, name, row[0] if kind == "demand" else ""): (kind, name, row) for kind, name, row in every}.values()
    )  # type: ignore[index]


@pytest.mark.parametrize("seed", range(4))
def test_lists_are_those_of_a_few_lines_of_numpy_whatever_the_order_and_the_moments_of_ranking(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shortened(monkeypatch)
    rng = random.Random(seed)
    every = changes(rng, 60, 900)
    shelf, ranking, held = Shelf(), Ranking(), dict[ListKey, RankedList]()
    for number, change in enumerate(every):
        apply(shelf, ranking, change)
        if number % 7 == 0:
            shelf.now = T0 + max(0, number - 600) // 20
            ranking.demand.advance(shelf.now)
            take(held, ranking)
            if number % 49 == 0:
                assert plainly(held) == shelf.lists()
    take(held, ranking)
    assert plainly(held) == shelf.lists()
    assert len(held) > 30

    settled = last_of_each_key(every)
    for attempt in range(2):
        again, held_again = Ranking(), dict[ListKey, RankedList]()
        for change in rng.sample(settled, len(settled)) + settled[: 200 * attempt]:
            apply(Shelf(), again, change)
        again.demand.advance(shelf.now)
        take(held_again, again)
        assert held_again == held


def shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of ten products, so that few products fill them."""
    monkeypatch.setattr("sinks.lists.ranking.KINDS", tuple(replace(kind, items=10) for kind in KINDS))
    monkeypatch.setattr("tests.support.demand.LIST_ITEMS", 10)
    monkeypatch.setattr("tests.support.demand.NEWEST_ITEMS", 10)


def ranking_of(*products: tuple[str, str], now: int = T0) -> Ranking:
    ranking = Ranking()
    for number, (product, category) in enumerate(products):
        ranking.catalogue.put(product, True, category, 1000 + number)
    ranking.demand.advance(now)
    return ranking


def put(ranking: Ranking, product: str, hour: int, interest: int, orders: int) -> None:
    ranking.demand.put({(ranking.catalogue.number_of(product), hour): (interest, orders)})


def lists(ranking: Ranking) -> dict[ListKey, RankedList]:
    return {each.key: each for each in ranking.changed_lists()}


def test_nothing_is_ranked_again_when_nothing_changed() -> None:
    ranking = ranking_of(("a", "Home"), ("b", ""))
    put(ranking, "a", T0, 3, 1)
    assert lists(ranking)
    assert not lists(ranking)
    put(ranking, "a", T0, 3, 1)
    assert not lists(ranking)


def test_a_change_names_the_lists_of_the_product_s_categories_and_no_other() -> None:
    ranking = ranking_of(("a", "Home > Tea"), ("b", "Home > Lamps"), ("c", "Garden"))
    lists(ranking)
    put(ranking, "a", T0, 1, 0)
    assert set(lists(ranking)) == {ListKey("trending", "", each) for each in ("", "Home", "Home > Tea")}


def test_a_product_that_stays_below_a_full_list_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sinks.lists.ranking.KINDS", tuple(replace(kind, items=1) for kind in KINDS))
    ranking = ranking_of(("a", ""), ("b", ""))
    put(ranking, "a", T0, 5, 0)
    lists(ranking)
    put(ranking, "b", T0, 4, 0)
    assert not lists(ranking)
    put(ranking, "b", T0, 6, 0)
    assert lists(ranking)[ListKey("trending", "", "")].product_ids == ["b"]


def test_a_list_is_made_from_demand_up_to_the_newest_hour_of_its_products() -> None:
    ranking = ranking_of(("a", ""), ("b", ""))
    put(ranking, "a", T0 - 30, 10, 1)
    put(ranking, "b", T0 - 2, 1, 0)
    made = lists(ranking)
    assert ListKey("popular", "1d", "") in made
    assert made[ListKey("popular", "1d", "")].product_ids == []
    assert made[ListKey("popular", "7d", "")].until_seconds == (T0 - 30) * 3600
    assert made[ListKey("trending", "", "")].until_seconds == (T0 - 2) * 3600
    assert made[ListKey("newest", "", "")].until_seconds == 1001
    put(ranking, "b", T0 - 2, 0, 0)
    assert lists(ranking)[ListKey("trending", "", "")].until_seconds == (T0 - 30) * 3600


def test_half_of_the_interest_is_gone_after_half_a_day_and_all_of_it_after_three() -> None:
    ranking = ranking_of(("a", ""))
    put(ranking, "a", T0, 8, 0)
    key = ListKey("trending", "", "")
    assert lists(ranking)[key].scores == [8.0]
    ranking.demand.advance(T0 + 12)
    assert lists(ranking)[key].scores == [4.0]
    ranking.demand.advance(T0 + 71)
    assert lists(ranking)[key].scores == [8 * round(0.5 ** (71 / 12) * TREND_UNIT) / TREND_UNIT]
    ranking.demand.advance(T0 + 72)
    assert lists(ranking)[key].product_ids == []
    assert len(ranking.demand) == 0


def test_lists_that_are_there_stay_until_there_is_any_demand_and_go_with_their_category() -> None:
    gone, shop = ListKey("popular", "", "Gone"), ListKey("popular", "30d", "")
    ranking = Ranking(frozenset({gone, shop, ListKey("newest", "", "Gone")}))
    ranking.catalogue.put("a", True, "Home", 1000)
    assert {key.kind for key in lists(ranking)} == {"newest"}
    ranking.demand.advance(T0)
    made = lists(ranking)
    assert made[gone].product_ids == made[shop].product_ids == []


def test_a_product_that_leaves_its_category_or_is_no_longer_available_leaves_the_lists() -> None:
    ranking = ranking_of(("a", "Home > Tea"), ("b", "Home > Tea"))
    put(ranking, "a", T0, 10, 1)
    lists(ranking)
    ranking.catalogue.put("a", True, "Garden", 1000)
    made = lists(ranking)
    assert made[ListKey("popular", "", "Home > Tea")].product_ids == []
    assert made[ListKey("popular", "", "Garden")].product_ids == ["a"]
    ranking.catalogue.put("a", False, "Garden", 1000)
    assert lists(ranking)[ListKey("popular", "30d", "")].product_ids == []


@pytest.mark.parametrize("count", [1, 3, 50])
def test_the_best_are_the_first_of_all_sorted(count: int) -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        scores = rng.integers(0, 4, 40)
        ranks = rng.permutation(40).astype(np.int32)
        assert best(scores, ranks, count).tolist() == np.lexsort((ranks, -scores))[:count].tolist()


def test_lists_are_as_long_as_the_last_page_of_the_service() -> None:
    assert LIST_ITEMS == RERANKED
    assert {kind.items for kind in KINDS} == {LIST_ITEMS, NEWEST_ITEMS}
