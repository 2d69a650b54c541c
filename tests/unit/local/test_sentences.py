from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from local.downloads import Artifact, Jars, default_cache, read_lock
from local.sentences import with_sentence_model
from schemas.settings import Settings
from tests.support.sentences import sentence_model_file


class Nobody:
    """A repository that must not be asked."""

    def fetch(self, artifact: Artifact, directory: Path) -> Path:
        raise AssertionError(artifact)


@pytest.mark.parametrize(
    "asked", [{"training_sentences": False}, {"training_sentences": True, "training_sentences_file": "/models/own.zip"}]
)
def test_no_model_is_fetched_where_nobody_asks_or_another_is_named(tmp_path: Path, asked: dict[str, object]) -> None:
    settings = Settings.model_validate({"data_dir": tmp_path, **asked})
    assert with_sentence_model(settings, Jars(read_lock(), tmp_path, Nobody())) == settings


def test_the_model_of_the_lock_is_fetched_where_it_is_asked_for(tmp_path: Path) -> None:
    sentence_model_file()
    settings = with_sentence_model(
        Settings(data_dir=tmp_path, training_sentences=True), Jars(read_lock(), default_cache())
    )
    names = zipfile.ZipFile(settings.training_sentences_file).namelist()
    assert {"all-minilm-l6-v2-q.onnx", "all-minilm-l6-v2-q-tokenizer.json"} <= set(names)
