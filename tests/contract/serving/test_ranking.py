"""Given products in a user's order: every product that the model knows, by its score."""

from __future__ import annotations

import random
import time
from typing import Any

import numpy as np
import pytest

from recommender.catalogue import ATTRIBUTES, Catalogue
from recommender.interactions import histories_of
from recommender.models.base import Training
from recommender.models.ease import Ease
from recommender.neighbours import nearest_items
from recommender.store import ModelStore, ServedModel
from tests.contract.serving.conftest import Make
from tests.support.models import manifest_of, served_model
from tests.support.serving import Service, Shelf, eventually, ids

ITEM_IDS = sorted(f"r{n}" for n in range(80))
USERS = {"17850": 200, "14911": 150, "12748": 30}
"""Users by the lengths of their histories; the stored list of each holds three products."""

RULES = """
[scenarios.discover]
exclude_bought = true
[scenarios.blocked]
rules = "blocked"
[rules.blocked]
blocked_items = ["r7", "r70"]
"""


def history_of(user: str) -> list[tuple[str, str, int]]:
    rng = random.Random(user)
    kinds = ["view_item", "add_to_cart", "purchase"]
    return [(rng.choice(kinds), rng.choice(ITEM_IDS), 1_000_000 + n) for n in range(USERS[user])]


def stored_history(shelf: Shelf, user: str) -> list[tuple[str, float]]:
    members: Any = shelf.redis.zrange(f"user:{user}:history", 0, -1, withscores=True)
    return [(member.decode(), score) for member, score in members]


def model_of(version: str, regularization: float) -> ServedModel:
    indices = {item: index for index, item in enumerate(ITEM_IDS)}
    rng = random.Random(5)
    sets = [[(f"view_item:{item}", float(n)) for n, item in enumerate(rng.sample(ITEM_IDS, 9))] for _ in range(60)]
    model = Ease(regularization).fit(Training(histories_of(sets, indices).histories, len(ITEM_IDS)))
    similar = nearest_items(lambda rows: np.asarray(model._weights)[rows], len(ITEM_IDS), 5)
    catalogue = Catalogue(ITEM_IDS, dict.fromkeys(ATTRIBUTES, [""] * len(ITEM_IDS)))
    return served_model(
        version,
        model=model,
        manifest=manifest_of(version, model),
        catalogue=catalogue,
        similar=similar,
        together=similar,
    )


def order_of(served: ServedModel, history: list[tuple[str, float]], given: list[str]) -> list[str]:
    """The products in the order of the model's scores; all of it plain sorting."""
    scores = served.model.score(histories_of([history], served.item_indices).histories)[0]
    assert len({float(scores[served.item_indices[item]]) for item in given}) == len(given)
    return sorted(given, key=lambda item: -float(scores[served.item_indices[item]]))


@pytest.fixture(scope="module")
def trained() -> ServedModel:
    return model_of("r1", 2.0)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, trained: ServedModel) -> ModelStore:
    store = ModelStore(tmp_path_factory.mktemp("models").as_uri())
    store.write(trained)
    return store


@pytest.fixture(scope="module")
def ranking(
    make: Make, stocked: Shelf, store: ModelStore, trained: ServedModel, tmp_path_factory: pytest.TempPathFactory
) -> Service:
    stocked.activate("r1")
    for user in USERS:
        stocked.history(user, *history_of(user))
        given = order_of(trained, stored_history(stocked, user), ITEM_IDS)
        stocked.personal(user, given[:3], version="r1")
    rules = tmp_path_factory.mktemp("rules") / "rules.toml"
    rules.write_text(RULES)
    return make(model_store_url=store.url, serving_rules_file=str(rules))


@pytest.mark.parametrize("user", USERS)
def test_every_product_that_the_model_knows_is_ranked_by_its_score(
    ranking: Service, stocked: Shelf, trained: ServedModel, user: str
) -> None:
    given = random.Random(user).sample(ITEM_IDS, 50)
    expected = order_of(trained, stored_history(stocked, user), given)
    answer = ranking.post("/v1/rank", {"user_id": user, "items": ["unheard-of", "gone", *given, "p6", given[0]]})
    assert ids(answer) == [*expected, "p6", "unheard-of"]  # p6 is popular, and not of the model
    assert (answer["source"], answer["model_version"]) == ("personal", "r1")
    assert [item["scored"] for item in answer["items"]] == [True] * 50 + [False] * 2
    scores = [item["score"] for item in answer["items"][:50]]
    assert scores == sorted(scores, reverse=True)
    assert [item["reason"] is not None for item in answer["items"][:50]] == [score > 0 for score in scores]
    assert ranking.metric("unread_models") == 0


def test_what_is_bought_or_blocked_is_dropped_where_a_scenario_says_so(
    ranking: Service, stocked: Shelf, trained: ServedModel
) -> None:
    history = stored_history(stocked, "12748")
    bought = {member.partition(":")[2] for member, _ in history if member.startswith("purchase:")}
    for scenario, dropped in (("discover", bought), ("blocked", {"r7", "r70"}), ("", set[str]())):
        expected = [item for item in order_of(trained, history, ITEM_IDS) if item not in dropped]
        answer = ranking.post("/v1/rank", {"user_id": "12748", "items": ITEM_IDS, "scenario": scenario})
        assert ids(answer) == expected
    explained = ranking.post("/v1/rank", {"user_id": "12748", "items": ITEM_IDS, "explain": True})
    assert [item["words"] is None for item in explained["items"]] == [
        item["reason"] is None for item in explained["items"]
    ]


def test_who_is_not_known_gets_what_lists_say(ranking: Service) -> None:
    answer = ranking.post("/v1/rank", {"user_id": "nobody", "items": ["r1", "p6", "p5"]})
    assert (answer["source"], ids(answer)) == ("trending", ["p5", "p6", "r1"])
    assert [item["scored"] for item in answer["items"]] == [False] * 3


def test_a_model_that_cannot_be_read_leaves_the_stored_lists_and_is_told(
    ranking: Service, stocked: Shelf, store: ModelStore, trained: ServedModel
) -> None:
    given = order_of(trained, stored_history(stocked, "17850"), ITEM_IDS)
    stocked.personal("17850", given[:3], version="r2")
    asked = {"user_id": "17850", "items": given[::-1]}
    stocked.activate("r2")  # it is not in the store
    eventually(lambda: "warnings" in ranking.get("/health/ready"))
    answer = ranking.post("/v1/rank", asked)
    assert ids(answer) == given[:3] + given[:2:-1]
    assert [item["scored"] for item in answer["items"]] == [True] * 3 + [False] * 77
    (warning,) = ranking.get("/health/ready")["warnings"]
    assert "There is no model 'r2'" in warning
    assert ranking.metric("unread_models") == 1
    assert ranking.metric('background_failures_total{task="scoring"}') > 0

    other = model_of("r2", 40.0)
    store.write(other)
    eventually(lambda: ranking.get("/health/ready") == {"status": "ready"})
    answer = ranking.post("/v1/rank", asked)
    assert ids(answer) == order_of(other, stored_history(stocked, "17850"), ITEM_IDS)
    assert (answer["model_version"], ranking.metric("unread_models")) == ("r2", 0)


def test_a_version_that_becomes_active_ranks_from_then_on(ranking: Service, stocked: Shelf, store: ModelStore) -> None:
    newest = model_of("r3", 400.0)
    store.write(newest)
    stocked.activate("r3")
    time.sleep(0.5)  # the service knows of it, whether or not it has read it
    answer = ranking.post("/v1/rank", {"user_id": "14911", "items": ITEM_IDS})
    assert answer["model_version"] == "r3"
    assert ids(answer) == order_of(newest, stored_history(stocked, "14911"), ITEM_IDS)
