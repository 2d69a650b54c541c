from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recommender.interactions import KINDS, KnownUsers, histories_of, newest_of_each, without
from recommender.neighbours import NONE, top_items
from recommender.publishing.encoding import ListEncoder
from recommender.ranking import Ranking, Rules, rank
from schemas.recommendations import Reason, RecommendationList, Source, decode_list, encode_list
from tests.support.models import ITEM_IDS, fitted, known_users, neighbours_of

EVERYTHING = np.zeros(len(ITEM_IDS), bool)
SHAPES = st.tuples(st.integers(1, 4), st.sampled_from([1, 5, 700]))
SCORES = st.floats(-4, 4, width=32).map(lambda value: np.float32(round(value, 1)))


@pytest.fixture(scope="module")
def users() -> KnownUsers:
    return known_users()


def ranking_of(users: KnownUsers, rules: Rules, unavailable: np.ndarray = EVERYTHING) -> Ranking:
    model = fitted(users.interactions)
    return rank(model, neighbours_of(model), users.interactions, rules, unavailable)


def ids_of(ranking: Ranking, row: int) -> list[str]:
    return [item.item_id for item in ranking.items_of(row, ITEM_IDS)]


@settings(deadline=None)
@given(
    arrays(np.float32, st.tuples(st.integers(1, 4), st.sampled_from([1, 5, 700])), elements=SCORES), st.integers(1, 4)
)
def test_the_top_is_what_sorting_everything_would_find(scores: np.ndarray, length: int) -> None:
    items, values = top_items(scores, length)
    for row, ranked, value in zip(scores, items, values, strict=True):
        order = [item for item in np.argsort(-row, kind="stable")[:length] if row[item] > 0]
        assert [item for item in ranked if item != NONE] == order
        assert [float(v) for v in value[: len(order)]] == [float(row[item]) for item in order]


def test_what_was_bought_is_left_out_or_not_by_the_rules(users: KnownUsers) -> None:
    assert "p1" not in ids_of(ranking_of(users, Rules(5, True)), 0)
    again = ranking_of(users, Rules(5, False)).items_of(0, ITEM_IDS)
    (bought,) = [item for item in again if item.item_id == "p1"]
    assert (bought.reason, bought.because) == (Reason.BOUGHT_AGAIN, ("p1",))


def test_what_is_unavailable_is_in_nobodys_list(users: KnownUsers) -> None:
    unavailable = EVERYTHING.copy()
    unavailable[3] = True
    ranking = ranking_of(users, Rules(5, True))
    without = ranking_of(users, Rules(5, True), unavailable)
    assert any(3 in row for row in ranking.items)
    assert not any(3 in row for row in without.items)


def test_a_product_names_the_event_that_speaks_most_for_it(users: KnownUsers) -> None:
    reasons = [reasons_of(users, row) for row in range(len(users.ids))]
    assert reasons[1]["p4"] == (Reason.SIMILAR_TO_BOUGHT, ("p3",))
    assert reasons[0]["p3"] == (Reason.SIMILAR_TO_BOUGHT, ("p1",))
    assert reasons[3]["p6"] == (Reason.SIMILAR_TO_VIEWED, ("p6",))


def reasons_of(users: KnownUsers, row: int) -> dict[str, tuple[Reason, tuple[str, ...]]]:
    items = ranking_of(users, Rules(5, True)).items_of(row, ITEM_IDS)
    return {item.item_id: (item.reason, item.because) for item in items}


def test_lists_do_not_depend_on_the_users_beside_them(users: KnownUsers) -> None:
    together = ranking_of(users, Rules(5, True))
    for row in range(len(users.ids)):
        one_by_one = ranking_of_one(users, row)
        assert one_by_one.items_of(0, ITEM_IDS) == together.items_of(row, ITEM_IDS)


def ranking_of_one(users: KnownUsers, row: int) -> Ranking:
    model = fitted(users.interactions)
    return rank(model, neighbours_of(model), users.interactions.slice(row, row + 1), Rules(5, True), EVERYTHING)


def test_sorted_sets_and_training_data_give_the_same_histories(users: KnownUsers) -> None:
    interactions = users.interactions
    members = [
        [
            (f"{KINDS[kind]}:{ITEM_IDS[item]}", time * 1000)
            for kind, item, time in zip(
                interactions.slice(row, row + 1).kinds,
                interactions.histories.slice(row, row + 1).items,
                interactions.histories.slice(row, row + 1).times,
                strict=True,
            )
        ][::-1]
        for row in range(len(users.ids))
    ]
    indices = {item_id: index for index, item_id in enumerate(ITEM_IDS)}
    restored = histories_of([*members, [("view_item:unknown", 1.0), ("page_view:p1", 2.0)]], indices)
    np.testing.assert_array_equal(restored.histories.items, interactions.histories.items)
    np.testing.assert_array_equal(restored.histories.times, interactions.histories.times)
    np.testing.assert_array_equal(restored.kinds, interactions.kinds)
    assert restored.histories.lengths[-1] == 0


def test_of_equal_events_the_newest_is_kept() -> None:
    indices = {"a": 0, "b": 1}
    twice = histories_of([[("view_item:a", 1000.0), ("view_item:b", 2000.0), ("view_item:a", 3000.0)]], indices)
    kept = newest_of_each(twice)
    assert kept.histories.items.tolist() == [1, 0]
    assert kept.histories.times.tolist() == [2.0, 3.0]


def test_users_of_whom_nothing_counts_any_more_are_left_out(users: KnownUsers) -> None:
    assert without(users, {"stranger"}) is users
    left = without(users, {"ann", "cat"})
    assert left.ids == ["ben", "dan"]
    for row, former in enumerate((1, 3)):
        one, expected = left.interactions.slice(row, row + 1), users.interactions.slice(former, former + 1)
        np.testing.assert_array_equal(one.histories.items, expected.histories.items)
        np.testing.assert_array_equal(one.kinds, expected.kinds)


MADE_AT = datetime(2026, 11, 27, 12, tzinfo=UTC)


def test_lists_are_encoded_as_the_contract_has_them(users: KnownUsers) -> None:
    ranking = ranking_of(users, Rules(5, False))
    times = [datetime(2026, 11, 1, 12, tzinfo=UTC) + timedelta(seconds=row) for row in range(len(users.ids))]
    ids = ['with "quotes" \\ and ü', *ITEM_IDS[1:]]
    encoded = list(ListEncoder("m1", ids).encode(ranking, Source.PERSONAL, times, MADE_AT))
    assert encoded == [
        encode_list(RecommendationList(Source.PERSONAL, "m1", MADE_AT, newest, ranking.items_of(row, ids)))
        for row, newest in enumerate(times)
    ]
    assert decode_list(encoded[0]).items[0].item_id in ids


def test_no_lists_are_encoded_as_none() -> None:
    empty = rank_nobody()
    assert list(ListEncoder("m1", ITEM_IDS).encode(empty, Source.PERSONAL, [], MADE_AT)) == []


def rank_nobody() -> Ranking:
    nobody = histories_of([], {})
    model = fitted(known_users().interactions)
    return rank(model, neighbours_of(model), nobody, Rules(5, True), EVERYTHING)


def test_somebody_unknown_gets_an_empty_list_that_the_fallback_fills() -> None:
    model = fitted(known_users().interactions)
    stranger = histories_of([[]], {})
    assert ids_of(rank(model, neighbours_of(model), stranger, Rules(5, True), EVERYTHING), 0) == []


def test_lists_without_room_for_a_product_are_empty() -> None:
    nothing = Ranking(*(np.zeros((2, 0), kind) for kind in (np.int32, np.float32, np.int8, np.int32)))
    newest = datetime(2026, 11, 1, tzinfo=UTC)
    empty = encode_list(RecommendationList(Source.SIMILAR, "m1", MADE_AT, newest))
    assert list(ListEncoder("m1", ITEM_IDS).encode(nothing, Source.SIMILAR, [newest] * 2, MADE_AT)) == [empty] * 2


@pytest.mark.parametrize(
    ("history", "is_recommended"),
    [
        ([("view_item:p3", 1_000.0), ("view_item:p4", 2_000.0)], True),
        ([("view_item:p3", 1_000.0), ("add_to_cart:p4", 2_000.0)], False),
        ([("purchase:p4", 1_000.0), ("add_to_cart:p4", 2_000.0)], False),
        ([("add_to_cart:p4", 1_000.0), ("purchase:p3", 1_500.0), ("purchase:p4", 2_000.0)], True),
        ([("view_item:p3", 1_000.0), ("add_to_cart:p4", 2_000.0), ("remove_from_cart:p4", 2_000.0)], True),
    ],
)
def test_what_is_in_the_cart_is_in_no_list(
    users: KnownUsers, history: list[tuple[str, float]], is_recommended: bool
) -> None:
    model = fitted(users.interactions)
    indices = {item_id: index for index, item_id in enumerate(ITEM_IDS)}
    one = histories_of([history, [("view_item:p4", 5_000.0)]], indices)
    ranking = rank(model, neighbours_of(model), one, Rules(len(ITEM_IDS), False), EVERYTHING)
    assert ("p4" in ids_of(ranking, 0)) is is_recommended
