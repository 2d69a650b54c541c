"""Sentence embeddings by the real model; skipped where it cannot be downloaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from jobs.training.job import sentence_model, with_embeddings
from local.paths import ROOT
from recommender.catalogue import ATTRIBUTES, Catalogue
from recommender.models.base import Histories
from recommender.ranking import Rules
from recommender.store import ModelStore, ServedModel
from recommender.training.dataset import Dataset, dataset_of
from recommender.training.embeddings import SentenceModel, texts_of
from recommender.training.recipes import Recipe
from recommender.training.trainer import Trainer
from schemas.errors import ConfigurationError
from schemas.settings import Settings
from tests.support.sentences import sentence_model_file

TITLES = {
    "p0": "Ceramic mug",
    "p1": "Tea cup",
    "p2": "Desk lamp",
    "p3": "Bedside light",
    "p4": "Dog collar",
    "p5": "Puppy lead",
}
"""Each product means what its neighbour means, and shares no word with it."""

DAY_MS = 24 * 60 * 60 * 1000
SERVED_WITHOUT_THE_EXTRA = """
import json, sys
sys.modules |= dict.fromkeys(("onnxruntime", "tokenizers", "recommender.training.embeddings"))
from recommender.models.base import Histories
from recommender.store import ModelStore
(version,) = ModelStore(sys.argv[1]).versions()
served = ModelStore(sys.argv[1]).load(version)
names = [served.catalogue.item_ids[item] for item in served.similar.items[:, 0]]
print(json.dumps([served.manifest.name, names, served.model.score(Histories.of([[0]])).tolist()]))
"""


@pytest.fixture(scope="module")
def model() -> SentenceModel:
    return SentenceModel.read(sentence_model_file())


@pytest.fixture(scope="module")
def dataset(model: SentenceModel) -> Dataset:
    """Thirty users who each bought two products at random, and what the six products are called."""
    rng = np.random.default_rng(3)
    rows = [
        {"user_id": f"u{user}", "product_id": f"p{item}", "event_time": int(rng.integers(20 * DAY_MS)), "basket": ""}
        for user in range(30)
        for item in rng.permutation(5)[:2]
    ]
    known = {"is_visitor": False, "kind": "purchase"}
    titles = pa.table({"product_id": [*TITLES], "attribute": ["title"] * 6, "value": [*TITLES.values()]})
    return with_embeddings(dataset_of(pa.Table.from_pylist([known | row for row in rows]), titles), model)


def trained(dataset: Dataset, recipe: Recipe) -> ServedModel:
    trainer = Trainer(dataset, Rules(3, False), holdout_days=5)
    return trainer.served(recipe, trainer.decide(recipe, None), "0.1.0", dataset.data_to)


def catalogue_of(**attributes: str) -> Catalogue:
    return Catalogue(["p0"], {name: [attributes.get(name, "")] for name in ATTRIBUTES})


def test_a_text_has_the_attributes_of_a_product_but_its_price() -> None:
    whole = catalogue_of(title="Mug ", category="Home > Kitchen", brand="Acme", description="Holds tea.", price="3")
    assert texts_of(whole) == ["Mug. Home > Kitchen. Acme. Holds tea."]
    assert texts_of(catalogue_of(title="Mug", description=" ")) == ["Mug"]
    assert texts_of(catalogue_of(price="3")) == [""]


def test_words_that_mean_the_same_lie_close_though_they_share_nothing(model: SentenceModel) -> None:
    mug, cup, lamp = model.vectors(["mug", "cup", "lamp"])
    assert mug @ cup > mug @ lamp + 0.2


def test_a_vector_has_length_one_and_that_of_an_empty_text_is_zero(model: SentenceModel) -> None:
    vectors = model.vectors(["Red lamp", "", "LAMP, red, £3.50"])
    assert (vectors.shape, vectors.dtype) == ((3, 384), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 0, 1], abs=1e-6)


def test_a_text_means_the_same_in_any_company_and_in_capitals(model: SentenceModel) -> None:
    texts = ["Red lamp", "A mug that holds half a pint of tea, and then some more", "dog"]
    one_by_one = [model.vectors([text])[0].tobytes() for text in texts]
    assert [row.tobytes() for row in model.vectors(texts[::-1])][::-1] == one_by_one
    assert model.vectors(["RED LAMP"])[0].tobytes() == one_by_one[0]


def test_what_is_said_behind_the_most_tokens_counts_nothing(model: SentenceModel) -> None:
    shorter, longer = model.vectors(["lamp " * 254, "lamp " * 254 + "dog " * 300])
    assert shorter.tobytes() == longer.tobytes()


def test_progress_is_reported_when_all_texts_are_embedded(model: SentenceModel) -> None:
    steps: list[tuple[int, int]] = []
    model.vectors(["mug", "", "cup"], lambda *step: steps.append(step))
    assert steps == [(3, 3)]


def test_similar_items_mean_the_same_whether_anybody_had_them_or_not(dataset: Dataset) -> None:
    made = trained(dataset, Recipe("sentences", {}))
    assert not (dataset.interactions.histories.items == 5).any()
    assert made.similar.items[:, 0].tolist() == [1, 0, 3, 2, 5, 4]


def test_a_blend_has_a_part_for_it_which_finds_what_is_like_a_cold_item(dataset: Dataset) -> None:
    recipe = Trainer(dataset, Rules(3, False), holdout_days=5).recipe("blend")
    assert "sentences" in [member["name"] for member in recipe.parameters["members"]]
    assert trained(dataset, recipe).similar.items[5].tolist()[0] == 4


@pytest.mark.parametrize("name", ["sentences", "blend"])
def test_a_stored_model_answers_where_the_extra_is_not_installed(dataset: Dataset, tmp_path: Path, name: str) -> None:
    recipe = Trainer(dataset, Rules(3, False), holdout_days=5).recipe(name)
    made = trained(dataset, recipe)
    ModelStore(tmp_path.as_uri()).write(made)
    completed = subprocess.run(
        [sys.executable, "-c", SERVED_WITHOUT_THE_EXTRA, tmp_path.as_uri()],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = made.model.score(Histories.of([[0]])).tolist()
    assert json.loads(completed.stdout) == [name, [f"p{item}" for item in made.similar.items[:, 0]], expected]


def test_the_model_sentences_cannot_be_made_without_embeddings(dataset: Dataset) -> None:
    blank = Dataset(dataset.user_ids, dataset.is_visitor, dataset.catalogue, dataset.interactions, dataset.baskets)
    with pytest.raises(ConfigurationError, match="set SHOP_TRAINING_SENTENCES=true as well"):
        Trainer(blank, Rules(3, False), holdout_days=5).recipe("sentences")


def test_a_training_that_does_not_ask_needs_no_model() -> None:
    assert sentence_model(Settings()) is None


def test_an_error_says_how_to_install_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigurationError, match=r"needs packages that are not .*install requirements-sentences\.lock"):
        sentence_model(Settings(training_sentences=True))


def test_an_error_names_the_setting_for_a_missing_or_invalid_file(tmp_path: Path) -> None:
    text = tmp_path / "model.txt"
    text.write_text("no zip")
    for file in (tmp_path / "missing.zip", text):
        with pytest.raises(ConfigurationError, match=rf"{file.name} cannot be read: .*SHOP_TRAINING_SENTENCES_FILE"):
            SentenceModel.read(file)


def test_an_error_names_what_a_zip_must_hold(tmp_path: Path) -> None:
    file = tmp_path / "model.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("tokenizer.json", "{}")
    with pytest.raises(ConfigurationError, match=r"must hold one \*\.onnx; it holds none"):
        SentenceModel.read(file)
