"""Each step of the fallback chain, against real Redis."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest

from schemas import redis_keys
from schemas.interactions import member
from schemas.recommendations import Reason, Source
from tests.contract.serving.conftest import CATALOGUE, Make
from tests.support.serving import Service, Shelf, ids


def test_a_user_gets_the_list_that_was_made_for_the_user(service: Service) -> None:
    answer = service.recommend("ann", n=3)
    assert answer.pop("recommendation_id")
    assert answer == {
        "source": "personal",
        "model_version": "m1",
        "generated_at": "2026-11-21T10:00:00.000Z",
        "history_until": "2026-11-20T09:00:00.000Z",
        "items": [
            {"item_id": "p1", "score": 1.0, "reason": "similar_to_bought"},
            {"item_id": "p2", "score": 0.99, "reason": "similar_to_bought"},
            {"item_id": "p3", "score": 0.985, "reason": "similar_to_bought"},
        ],
    }


def test_the_hot_path_and_the_whole_chain_give_the_same(service: Service) -> None:
    hot, whole = service.recommend("ann", n=4), service.recommend("ann", n=4, offset=0)
    assert {**hot, "recommendation_id": ""} == {**whole, "recommendation_id": ""}


def test_a_list_that_is_too_short_is_filled_from_the_next_steps(service: Service) -> None:
    answer = service.recommend("ann", n=12)
    assert answer["source"] == "personal"
    assert answer["filled_from"] == ["session", "category_popular"]
    assert ids(answer) == ["p1", "p2", "p3", "p4", "p10", "p11", "p12", "p21", "p23", "p9", "p20", "p22"]


def test_without_a_list_the_last_items_tell(service: Service) -> None:
    answer = service.recommend("ben", n=4)
    assert (answer["source"], answer["model_version"]) == ("session", "m1")
    # p9 was seen last and counts 1; p8 was bought before it and counts 1.5 * 0.8: p11 stands in both lists.
    assert ids(answer) == ["p11", "p13", "p10", "p12"]
    assert {item["reason"] for item in answer["items"]} == {"similar_to_bought", "similar_to_viewed"}


def test_then_what_is_popular_in_the_categories_of_the_last_items(service: Service) -> None:
    answer = service.recommend("ben", n=8)
    assert ids(answer)[4:] == ["p21", "p23", "p9", "p20"]
    assert answer["filled_from"] == ["category_popular"]


def test_who_is_not_known_gets_what_trends_then_what_is_popular_then_what_is_new(service: Service) -> None:
    answer = service.recommend("eve", n=8)
    assert (answer["source"], answer["filled_from"], answer["model_version"]) == ("trending", ["popular", "newest"], "")
    assert ids(answer) == ["p5", "p6", "p7", "p0", "p39", "p38", "p37", "p36"]


@pytest.mark.parametrize("user", ["ann", "ben", "eve"])
def test_everybody_gets_the_whole_catalogue_once_and_nothing_unavailable(service: Service, user: str) -> None:
    answer = service.recommend(user, n=100)
    assert sorted(ids(answer)) == sorted(CATALOGUE)


def test_pages_follow_one_another(service: Service) -> None:
    pages = [ids(service.recommend("ben", n=7, offset=offset)) for offset in range(0, 42, 7)]
    assert [item for page in pages for item in page] == ids(service.recommend("ben", n=100))


def test_a_category_holds_for_every_step(service: Service) -> None:
    answer = service.recommend("ann", n=100, category="Tea")
    assert sorted(ids(answer)) == sorted(CATALOGUE[::2])
    assert ids(answer)[:2] == ["p2", "p4"]


def test_what_has_left_a_category_is_not_in_it_though_its_list_has_it_still(service: Service, stocked: Shelf) -> None:
    stocked.product("moved", category="Spoons")
    stocked.category_popular("Forks", ["moved", "not known yet"])
    assert ids(service.get("/v1/popular", category="Forks")) == ["not known yet"]


def test_what_is_excluded_stays_out(service: Service) -> None:
    assert ids(service.recommend("ann", n=3, exclude="p1, p3")) == ["p2", "p4", "p10"]
    body = {"user_id": "ann", "n": 3, "exclude": ["p1", "p2", "p3", "p4", "p10", "p11"]}
    assert ids(service.post("/v1/recommend", body)) == ["p12", "p21", "p23"]


def test_what_was_bought_before_very_much_else_counts_too(
    make: Make, stocked: Shelf, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rules = tmp_path_factory.mktemp("rules") / "rules.toml"
    rules.write_text("[scenarios.discover]\nexclude_bought = true\n")
    stocked.history("mel", ("purchase", "p5", 1), *(("view_item", f"x{n}", 10 + n) for n in range(700)))
    service = make(serving_rules_file=str(rules))
    assert "p5" not in ids(service.recommend("mel", n=100, scenario="discover"))


def test_what_becomes_unavailable_is_gone_within_a_second(service: Service, stocked: Shelf) -> None:
    stocked.unavailable("gone", "p1", "p5")
    time.sleep(1)
    try:
        assert ids(service.recommend("ann", n=2)) == ["p2", "p3"]
        assert ids(service.recommend("eve", n=2)) == ["p6", "p7"]
    finally:
        stocked.unavailable("gone")
        time.sleep(1)
    assert ids(service.recommend("ann", n=2)) == ["p1", "p2"]


def test_a_new_model_is_taken_up_whole(service: Service, stocked: Shelf) -> None:
    stocked.activate("m2")
    time.sleep(1)
    try:
        answer = service.recommend("ann", n=5)
        assert (answer["model_version"], ids(answer)) == ("m2", ["p31", "p32", "p33", "p35", "p36"])
    finally:
        stocked.activate("m1")
        time.sleep(1)
    assert service.recommend("ann", n=5)["model_version"] == "m1"


def test_a_value_that_is_no_list_is_passed_over(service: Service, stocked: Shelf) -> None:
    key = redis_keys.personalized("m1", "odd")
    for value in (b"", b"{}", b'{"source":"personal","items":[\n1\n]}', b"\n\n\n\n\n\n\n\n\n\n\n\n\n", b"x" * 10_000):
        stocked.redis.set(key, value)
        for n in (1, 10):
            assert service.recommend("odd", n=n)["source"] == "trending"


def test_ids_may_hold_anything(service: Service, stocked: Shelf) -> None:
    strange = ['a"b', "c\\d", "e,f", "g/h", "ü", '","because":', "]}"]
    stocked.personal("user/with ünd %", strange, because=strange)
    assert ids(service.get("/v1/recommend/user%2Fwith%20%C3%BCnd%20%25", n=7)) == strange
    stocked.personal("strange", strange, because=strange)
    assert ids(service.recommend("strange", n=7)) == strange
    stocked.put(redis_keys.similar("m1", "g/h"), Source.SIMILAR, strange[:3], Reason.SAME_KIND, "m1")
    assert ids(service.get("/v1/items/g%2Fh/similar", n=3)) == strange[:3]


@pytest.mark.parametrize("version", ["m1", "no model"])
@pytest.mark.parametrize("kind", ["add_to_cart", "purchase"])
def test_what_a_session_has_in_the_cart_or_bought_is_in_no_step(
    service: Service, stocked: Shelf, version: str, kind: str
) -> None:
    taken = ["p5", "p6", "p7", "p21", "p20", *CATALOGUE[8:20]]
    stocked.similar("p39", ["p5", "p12", "p38"])
    stocked.activate(version)
    time.sleep(1)
    try:
        seen = [{"item_id": item, "event_type": kind} for item in taken] + [{"item_id": "p39"}]
        answer = service.post("/v1/session/recommend", {"items": seen, "n": 100})
        assert set(taken).isdisjoint(ids(answer))
        assert set(CATALOGUE) - set(taken) - {"p39"} <= set(ids(answer))
    finally:
        stocked.activate("m1")
        time.sleep(1)


def test_what_a_user_has_in_the_cart_or_just_bought_is_in_no_step(service: Service, stocked: Shelf) -> None:
    now = int(time.time() * 1000)
    stocked.history("amy", ("add_to_cart", "p5", 1_000), ("purchase", "p6", now), ("view_item", "p39", now))
    stocked.history("amy", ("add_to_cart", "p7", 1_000), ("purchase", "p7", 2_000))
    for category in ("", "Cups", "Tea"):
        assert {"p5", "p6"}.isdisjoint(ids(service.recommend("amy", n=100, category=category)))
    assert "p7" in ids(service.recommend("amy", n=100))  # bought long ago


def order_line(kind: str, item: str, order: str = "o1") -> str:
    return member(kind, order, item, 1, "9.0000", f"e-{kind}-{item}", 1)


@pytest.mark.parametrize(
    ("done", "undone", "reason"),
    [
        ("add_to_cart:p8", "remove_from_cart:p8", "similar_to_cart"),
        (order_line("purchase", "p8"), order_line("order_cancelled", ""), "similar_to_bought"),
        (order_line("purchase", "p8"), order_line("refund", ""), "similar_to_bought"),
        (order_line("purchase", "p8"), order_line("refund", "p8"), "similar_to_bought"),
        (order_line("purchase", "p8"), order_line("refund", "p8", "a return"), "similar_to_bought"),
        ("purchase:p8", order_line("refund", "p8"), "similar_to_bought"),  # as an earlier version kept it
    ],
)
def test_what_was_undone_is_no_reason(service: Service, stocked: Shelf, done: str, undone: str, reason: str) -> None:
    user = f"who did {done}, {undone}"
    now = int(time.time() * 1000)
    stocked.members(user, **{done: now, "view_item:p9": now - 5})
    before = service.post("/v1/recommend", {"user_id": user, "n": 100})
    assert {item["reason"] for item in before["items"][:4]} == {reason, "similar_to_viewed"}
    assert "p8" not in ids(before)
    history = service.get(f"/v1/users/{quote(user, safe='')}/history")["events"]
    assert [(event["item_id"], event["event_type"]) for event in history] == [
        ("p8", reason.replace("similar_to_cart", "add_to_cart").replace("similar_to_bought", "purchase")),
        ("p9", "view_item"),
    ]

    stocked.members(user, **{undone: now + 1})
    after = service.post("/v1/recommend", {"user_id": user, "n": 100})
    assert {item["reason"] for item in after["items"][:3]} == {"similar_to_viewed"}
    assert "p8" in ids(after)
    history = service.get(f"/v1/users/{quote(user, safe='')}/history")["events"]
    assert [event["item_id"] for event in history] == ["p9"]


def test_what_a_session_took_out_of_the_cart_may_be_recommended_again(service: Service) -> None:
    done = [{"item_id": "p10", "event_type": "add_to_cart"}, {"item_id": "p9"}]
    assert "p10" not in ids(service.post("/v1/session/recommend", {"items": done, "n": 100}))
    done.append({"item_id": "p10", "event_type": "remove_from_cart"})
    answer = service.post("/v1/session/recommend", {"items": done, "n": 100})
    assert ids(answer)[0] == "p10"
