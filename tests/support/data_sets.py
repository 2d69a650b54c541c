"""Data sets that are not part of the repository: SHOP_TEST_DATA names their folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local.paths import ROOT


def data_set(*parts: str) -> Path:
    """A file of a data set; the test is skipped where there is none, and says where it was looked for."""
    folder = Path(os.environ.get("SHOP_TEST_DATA") or ROOT.parent / "shared" / "data")
    path = folder.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"there is no file {path}: SHOP_TEST_DATA may name the folder of the data sets")
    return path
