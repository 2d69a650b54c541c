"""Shops with hardly any events, or whose users never return: what can be fitted is fitted, stored and ranked."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse

from recommender.evaluation import sampled
from recommender.evaluation.protocols import run
from recommender.evaluation.report import Report
from recommender.evaluation.request import Request
from recommender.interactions import KINDS
from recommender.models.base import Histories, Training
from recommender.models.ials import Ials
from recommender.models.registry import MODELS, make_model
from recommender.neighbours import NONE
from recommender.ranking import Rules, rank
from recommender.store import ModelStore, ServedModel
from recommender.training.dataset import Dataset, dataset_of
from recommender.training.trainer import UNJUDGED, Trainer
from schemas.errors import ConfigurationError

HOUR_MS = 60 * 60 * 1000
START_MS = 1_790_000_000_000
MADE_AT = datetime(2026, 11, 21, tzinfo=UTC)
RULES = Rules(10, True)
ATTRIBUTES = pa.table(
    {"product_id": ["a", "cold"], "attribute": ["title", "title"], "value": ["Red lamp", "Lamp"]}
).cast(pa.schema([(name, pa.string()) for name in ("product_id", "attribute", "value")]))

Event = tuple[str, str, str, int]
"""User (a visitor's begins with v), product, kind, hour."""

SHOPS: dict[str, list[Event]] = {
    "one view": [("u1", "a", "view_item", 0)],
    "one visitor": [("v1", "a", "view_item", 0)],
    "three users with a view each": [
        ("u1", "a", "view_item", 0),
        ("u2", "b", "view_item", 1),
        ("u3", "a", "view_item", 2),
    ],
    "everything at one moment": [(f"u{user}", "ab"[user % 2], "purchase", 0) for user in range(4)],
    "all the same product": [(f"u{event % 3}", "a", "purchase", 24 * event) for event in range(9)],
    "one user": [("u1", f"p{event}", "purchase", 24 * event) for event in range(9)],
    "users who share nothing": [(f"u{event}", f"p{event}", "purchase", 24 * event) for event in range(9)],
    "nobody returns": [(f"u{event // 2}", f"p{event % 7}", "purchase", 12 * (event // 2)) for event in range(40)],
}
every_shop = pytest.mark.parametrize("shop", SHOPS)
events = st.tuples(
    st.sampled_from(["u1", "u2", "u3", "v1"]), st.sampled_from("abc"), st.sampled_from(KINDS), st.integers(0, 300)
)
item_lists = st.lists(st.lists(st.integers(0, 3), max_size=4), max_size=4)
few = settings(max_examples=5, deadline=None)


def quiet(doing: str) -> None:
    """Nobody reads the progress of a test."""


def dataset(shop: Sequence[Event], attributes: pa.Table = ATTRIBUTES) -> Dataset:
    users, products, kinds, hours = zip(*shop, strict=True)
    baskets = [f"{user}-{hour}" if kind == "purchase" else "" for user, _, kind, hour in shop]
    interactions = pa.table(
        {
            "user_id": users,
            "is_visitor": [user.startswith("v") for user in users],
            "product_id": products,
            "kind": kinds,
            "event_time": [START_MS + hour * HOUR_MS for hour in hours],
            "basket": baskets,
        }
    )
    return dataset_of(interactions, attributes)


def trained(data: Dataset, name: str, rules: Rules = RULES, active: ServedModel | None = None) -> ServedModel:
    """What the job training does between reading events and writing to ClickHouse and Redis."""
    trainer = Trainer(data, rules, holdout_days=7)
    recipe = trainer.recipe(name)
    served = trainer.served(recipe, trainer.decide(recipe, active), "0.1.0", MADE_AT)
    with TemporaryDirectory() as folder:
        store = ModelStore(Path(folder).as_uri())
        store.write(served)
        return store.load(served.version)


def check_lists(served: ServedModel, rules: Rules) -> None:
    """Its lists have figures that are figures, and a list for each user and product."""
    unavailable = np.zeros(len(served.item_ids), bool)
    ranking = rank(served.model, served.similar, served.users.interactions, rules, unavailable)
    assert len(ranking) == len(served.users.ids)
    assert len(served.similar.items) == len(served.together.items) == len(served.item_ids)
    for scores in (ranking.scores, served.similar.scores, served.together.scores):
        assert np.isfinite(scores).all()


@every_shop
@pytest.mark.parametrize("name", ["blend", "item_knn", "ease"])
def test_a_young_shop_has_a_model_that_is_stored_and_makes_lists(shop: str, name: str) -> None:
    served = trained(dataset(SHOPS[shop]), name)
    check_lists(served, RULES)
    assert served.manifest.metrics.keys() <= {"NDCG@10", "HR@10", "coverage@10"}


@pytest.mark.parametrize("name", ["blend", *(name for name in MODELS if name != "ials")])
@few
@given(shop=st.lists(events, min_size=1, max_size=8), has_attributes=st.booleans(), excludes_bought=st.booleans())
def test_every_model_is_trained_on_any_few_events(
    name: str, shop: list[Event], has_attributes: bool, excludes_bought: bool
) -> None:
    data = dataset(shop, ATTRIBUTES if has_attributes else ATTRIBUTES.slice(0, 0))
    data = replace(data, embeddings=np.eye(data.n_items, 4, dtype=np.float32))
    rules = Rules(10, excludes_bought)
    check_lists(trained(data, name, rules, active=trained(data, "popularity", rules)), rules)


def test_where_nobody_could_be_judged_the_model_has_no_metrics_and_says_why() -> None:
    data = dataset(SHOPS["three users with a view each"])
    first = trained(data, "blend")
    second = trained(data, "popularity", active=first)
    assert (first.manifest.metrics, second.manifest.metrics) == ({}, {})
    assert first.manifest.evaluation["reason"] == f"the first model; {UNJUDGED}"
    assert second.manifest.evaluation | {"cut": ""} == {
        "cut": "",
        "users": 0,
        "active": first.version,
        "active_as_it_is": False,
        "active_metrics": {},
        "difference": {},
        "promotes": True,
        "reason": UNJUDGED,
    }


def test_popular_products_need_no_judge() -> None:
    served = trained(dataset(SHOPS["three users with a view each"]), "blend", Rules(10, False))
    ranking = rank(served.model, served.similar, served.users.interactions, Rules(10, False), np.zeros(3, bool))
    user = served.users.ids.index("u2")
    assert [served.item_ids[item] for item in ranking.items[user] if item != NONE] == ["a", "b", "cold"]


def test_a_catalogue_that_outgrew_the_active_model_gets_another(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = [(f"u{event % 3}", f"p{event % 4}", "purchase", 24 * event) for event in range(30)]
    active = trained(dataset(shop), "ease", Rules(10, False))
    monkeypatch.setattr("recommender.models.ease.MOST_ITEMS", 3)
    evaluation = trained(dataset(shop), "popularity", Rules(10, False), active).manifest.evaluation
    assert evaluation["promotes"]
    assert evaluation["reason"].startswith(f"{active.version} could not be evaluated on this data: EASE is for")


MADE: dict[str, Callable[[], Training]] = {
    "nothing known of items": lambda: Training(Histories.of([]), 4),
    "items without attributes": lambda: Training(Histories.of([]), 4, sparse.csr_matrix((4, 0), dtype=np.float32)),
    "items with attributes": lambda: Training(
        Histories.of([]), 4, sparse.csr_matrix(np.eye(4, 2, dtype=np.float32)), np.eye(4, 3, dtype=np.float32)
    ),
}
VARIANTS = {
    **{name: (name, {}) for name in MODELS},
    "ials": ("ials", {"factors": 4, "dropout": 0.2, "iterations": 2, "starts": 2}),
    "item_knn by BM25": ("item_knn", {"weighting": "bm25", "user_power": 0.5}),
    "session_knn cut into sessions": ("session_knn", {"gap_seconds": 1.0, "half_life_seconds": 1.0, "reach": None}),
    "item_walk of one step": ("item_walk", {"steps": 1, "half_life_seconds": 1.0}),
}


@pytest.mark.parametrize(
    ("variant", "made"),
    [(variant, "items with attributes") for variant in VARIANTS]
    + [(variant, made) for variant in ("content", "sentences") for made in MADE],
)
@few
@given(known=item_lists, scored=item_lists)
@example(known=[], scored=[])
@example(known=[[]], scored=[[]])
@example(known=[[0]], scored=[[0], [1], []])
def test_every_model_is_fitted_to_no_events_and_to_few(
    variant: str, made: str, known: list[list[int]], scored: list[list[int]]
) -> None:
    name, parameters = VARIANTS[variant]
    training = replace(MADE[made](), histories=Histories.of(known))
    model = make_model(name, parameters).fit(training)
    scores = model.score(Histories.of(scored))
    assert scores.shape == (len(scored), 4)
    assert np.isfinite(scores).all()
    again = make_model(name, parameters).restore(model.arrays())
    assert np.array_equal(again.score(Histories.of(scored)), scores)


def test_a_catalogue_of_no_items_is_scored_with_no_scores() -> None:
    for name in MODELS:
        model = (Ials(factors=4) if name == "ials" else make_model(name, {})).fit(Training(Histories.of([]), 0))
        assert model.score(Histories.of([[]])).shape == (1, 0)


def measured(protocol: str, request: Request) -> Report | None:
    """The report, its figures checked; None where the data is refused in words."""
    try:
        report = run(protocol, request, quiet)
    except ConfigurationError:
        return None
    figures = [report.result.metrics, *report.result.baselines.values()]
    values = [value for metrics in figures for name, value in metrics.items() if "novelty" not in name]
    assert all(0 <= value <= 1 for value in values)
    assert report.result.baselines
    return report


@pytest.mark.parametrize("model", ["item_knn", "content"])
@settings(max_examples=2, deadline=None)
@given(lists=st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=5), min_size=1, max_size=4))
@example(lists=[["a", "b", "c"]])
@example(lists=[["a", "b"]])
@example(lists=[["a"], ["b"]])
@example(lists=[["a", "a", "a"]])
def test_next_item_measures_any_file_in_which_somebody_has_two_items(model: str, lists: list[list[str]]) -> None:
    with TemporaryDirectory() as name:
        file, attributes = Path(name) / "shop.txt", Path(name) / "attributes.json"
        file.write_text("".join(f"u{user} {' '.join(items)}\n" for user, items in enumerate(lists)))
        attributes.write_text(json.dumps({"a": ["red"]}))
        report = measured("next-item", Request(data=file, attributes=attributes, model=model))
    assert (report is not None) == any(len(items) > 1 for items in lists)


@pytest.mark.parametrize("line", ["u a b c", "u a b"])
def test_a_blend_is_measured_on_one_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "shop.txt"
    file.write_text(f"{line}\n")
    assert measured("next-item", Request(data=file)) is not None


def test_one_line_is_measured_with_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "shop.txt"
    file.write_text("u a b c\n")
    steps: list[str] = []
    report = run("next-item", Request(data=file, model="popularity"), steps.append)
    assert report.result.metrics["HR@5"] == 1.0  # c is the only item that is not in the history
    file.write_text("u a b\n")
    assert run("next-item", Request(data=file, model="ials"), steps.append).result.parameters["unobserved"] == 0.1
    assert any("no cases to choose parameters on" in step for step in steps)


@pytest.mark.parametrize("model", ["blend", "session_knn"])
@settings(max_examples=2, deadline=None)
@given(sessions=st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), min_size=1, max_size=15))
@example(sessions=[["a"]])
@example(sessions=[["a", "b"]] * 13)
def test_sessions_are_measured_however_few_they_are(model: str, sessions: list[list[str]]) -> None:
    with TemporaryDirectory() as name:
        train, test = Path(name) / "train.txt", Path(name) / "test.tsv"
        train.write_text("".join(" ".join(session) + "\n" for session in sessions))
        test.write_text("a\tb\n")
        assert measured("session", Request(train=train, test=test, model=model)) is not None


@pytest.mark.parametrize("ratings", [[(0, 0)], [(0, 1)], [(0, 0), (1, 1), (2, 3), (2, 1)]])
def test_sampled_cases_are_measured_however_few_ratings_there_are(
    tmp_path: Path, ratings: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampled, "FACTORS", 4)
    monkeypatch.setattr(sampled, "ITERATIONS", 1)
    users, items = zip(*ratings, strict=True)
    pq.write_table(pa.table({"ncf_user": users, "ncf_item": items}), tmp_path / sampled.RATINGS)
    np.savez(tmp_path / sampled.NEGATIVES, neg=np.array([[0, 0, 1, 2]]))
    assert measured("sampled", Request(data=tmp_path)) is not None


@pytest.mark.parametrize("model", ["blend", "popularity"])
@pytest.mark.parametrize("repeats", [True, False])
@settings(max_examples=2, deadline=None)
@given(shop=st.lists(events, min_size=1, max_size=10))
@example(shop=[("u1", "a", "view_item", 0), ("u1", "b", "purchase", 1)])
@example(shop=[("u1", "a", "purchase", 0), ("u1", "a", "purchase", 1)])
def test_purchases_after_a_cut_are_measured_however_few_there_are(model: str, repeats: bool, shop: list[Event]) -> None:
    users, items, kinds, hours = zip(*shop, strict=True)
    times = [START_MS // 1000 + hour * 3600 for hour in hours]
    with TemporaryDirectory() as name:
        file = Path(name) / "events.parquet"
        pq.write_table(pa.table({"timestamp": times, "user": users, "event": kinds, "item": items}), file)
        report = measured("temporal", Request(data=file, model=model, repeats=repeats))
    if shop == [("u1", "a", "view_item", 0), ("u1", "b", "purchase", 1)]:
        assert report is not None
