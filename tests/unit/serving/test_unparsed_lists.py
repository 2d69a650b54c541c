"""What the hot path cuts out of a list equals what parsing it would give."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
from hypothesis import given
from hypothesis import strategies as st

from schemas.recommendations import Reason, RecommendationList, RecommendedItem, Source, encode_list
from serving.unparsed_lists import answer_of, first_available

ids = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6) | st.sampled_from(["a", "b", "c", '","because":'])
items = st.builds(
    RecommendedItem,
    item_id=ids,
    score=st.integers(0, 100).map(float),
    reason=st.sampled_from(Reason),
    because=st.lists(ids, max_size=2).map(tuple),
)
lists = st.builds(
    RecommendationList,
    source=st.just(Source.PERSONAL),
    model_version=st.just("m1"),
    generated_at=st.just(datetime(2026, 11, 21, tzinfo=UTC)),
    history_until=st.just(datetime(2026, 11, 20, tzinfo=UTC)),
    items=st.lists(items, max_size=8, unique_by=lambda item: item.item_id).map(tuple),
)


@given(lists, st.integers(1, 8), st.sets(ids, max_size=4))
def test_a_cut_list_holds_the_first_available_products(made: RecommendationList, n: int, gone: set[str]) -> None:
    expected = [item for item in made.items if item.item_id not in gone][:n]
    first = first_available(encode_list(made), n, {orjson.dumps(item_id)[1:-1] for item_id in gone})
    if first is None:
        assert len(expected) < n or b"\\" in encode_list(made)
        return
    answer = orjson.loads(answer_of(b"id", b'"experiment_arm":"e:a",', *first))
    assert answer == {
        "recommendation_id": "id",
        "experiment_arm": "e:a",
        "source": "personal",
        "model_version": "m1",
        "generated_at": "2026-11-21T00:00:00.000Z",
        "history_until": "2026-11-20T00:00:00.000Z",
        "items": [{"item_id": each.item_id, "score": each.score, "reason": each.reason} for each in expected],
    }
