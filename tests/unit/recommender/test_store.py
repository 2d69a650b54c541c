from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from local.paths import ROOT
from recommender.errors import ModelError
from recommender.interactions import histories_of
from recommender.store import MANIFEST, ModelStore
from tests.support.models import served_model

KILLED_BEFORE_THE_RENAME = """
import os, signal, sys
from recommender.store import ModelStore
from tests.support.models import served_model

class Dies(ModelStore):
    def _commit(self, manifest):
        self._write(manifest.version, "manifest.json.partial", manifest.encoded())
        os.kill(os.getpid(), signal.SIGKILL)

Dies(sys.argv[1]).write(served_model("m2"))
"""


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore((tmp_path / "the models").as_uri())


def test_a_store_nobody_wrote_to_has_no_versions(store: ModelStore) -> None:
    assert store.versions() == ()


def test_a_model_that_is_loaded_scores_as_the_one_that_was_written(store: ModelStore) -> None:
    stored = served_model("m1")
    store.write(stored)
    loaded = store.load("m1")
    histories = stored.users.interactions.histories
    assert loaded.manifest == stored.manifest
    assert loaded.catalogue == stored.catalogue
    assert loaded.item_indices["p3"] == 3
    assert loaded.users.ids == ["ann", "ben", "cat", "dan"]
    np.testing.assert_array_equal(loaded.model.score(histories), stored.model.score(histories))
    np.testing.assert_array_equal(
        loaded.model.score(loaded.users.interactions.histories), stored.model.score(histories)
    )
    np.testing.assert_array_equal(loaded.users.interactions.kinds, stored.users.interactions.kinds)
    np.testing.assert_array_equal(loaded.similar.items, stored.similar.items)
    np.testing.assert_array_equal(loaded.together.scores, stored.together.scores)


def test_the_same_model_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        ModelStore((tmp_path / name).as_uri()).write(served_model("m1"))
    one, other = (sorted((tmp_path / name / "m1").iterdir()) for name in ("one", "other"))
    assert [path.name for path in one] == [path.name for path in other]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_a_writer_killed_before_the_end_leaves_no_version_and_the_next_one_succeeds(
    store: ModelStore, tmp_path: Path
) -> None:
    store.write(served_model("m1"))
    command = [sys.executable, "-c", KILLED_BEFORE_THE_RENAME, store.url]
    killed = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "the models" / "m2" / "model.npz").exists()
    assert store.versions() == ("m1",)
    with pytest.raises(ModelError, match="There is no model 'm2'"):
        store.load("m2")
    store.write(served_model("m2"))
    assert store.versions() == ("m1", "m2")


def test_a_damaged_file_is_an_error_that_names_the_version(store: ModelStore, tmp_path: Path) -> None:
    store.write(served_model("m1"))
    (tmp_path / "the models" / "m1" / "model.npz").write_bytes(b"half")
    with pytest.raises(ModelError, match=r"m1 in .* cannot be read"):
        store.load("m1")


def test_a_version_keeps_what_was_measured(store: ModelStore, tmp_path: Path) -> None:
    stored = served_model("m1")
    measured = replace(stored.manifest, metrics={"NDCG@10": 0.5}, evaluation={"users": 3})
    store.write(replace(stored, manifest=measured))
    assert store.manifest("m1") == measured
    assert (tmp_path / "the models" / "m1" / MANIFEST).read_text().startswith("{\n")


def test_an_address_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ModelError, match="nowhere://x cannot be used"):
        ModelStore("nowhere://x")


def test_a_user_is_taken_out_of_a_version_and_the_others_stay_as_they_were(store: ModelStore) -> None:
    store.write(served_model("m1"))
    before = store.load("m1").users
    assert store.has_history("m1", "ben")
    store.forget("m1", "ben")
    store.forget("m1", "ben")
    after = store.load("m1").users
    assert after.ids == ["ann", "cat", "dan"]
    assert not store.has_history("m1", "ben")
    for index, user in enumerate(after.ids):
        old = before.interactions.histories.owners == before.ids.index(user)
        new = after.interactions.histories.owners == index
        np.testing.assert_array_equal(after.interactions.histories.items[new], before.interactions.histories.items[old])
        np.testing.assert_array_equal(after.interactions.histories.times[new], before.interactions.histories.times[old])


def test_what_ranks_products_knows_those_of_the_model_and_orders_them_all(store: ModelStore) -> None:
    stored = served_model("m1")
    store.write(stored)
    ranking = store.load_for_ranking("m1")
    history = [("view_item:p0", 1_000.0), ("purchase:p1", 2_000.0), ("view_item:unheard-of", 3_000.0)]
    scores = stored.model.score(histories_of([history], stored.item_indices).histories)[0]
    given = ["p7", "unheard-of", "p3", "p1", "p5", "p4", "p3"]
    ranked = ranking.ranked(history, given)
    known = ["p7", "p3", "p1", "p5", "p4"]
    assert [item.item_id for item in ranked] == sorted(known, key=lambda item: -scores[stored.item_indices[item]])
    assert {item.item_id: item.score for item in ranked} == {item: scores[stored.item_indices[item]] for item in known}
    assert ranking.ranked([("view_item:unheard-of", 1.0)], given) == ()
    assert ranking.ranked(history, ["unheard-of"]) == ()


def test_what_ranks_products_is_refused_like_a_version(store: ModelStore) -> None:
    with pytest.raises(ModelError, match="There is no model 'm1'"):
        store.load_for_ranking("m1")
