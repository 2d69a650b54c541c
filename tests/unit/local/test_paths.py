from __future__ import annotations

from pathlib import Path

import pytest

from local.errors import PlatformError
from local.paths import DataDirectory
from schemas.errors import ConfigurationError


def test_a_directory_that_was_made_can_be_purged(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "data")
    data.create()
    (data.of("kafka") / "log").mkdir(parents=True)
    data.purge()
    assert not data.root.exists()


def test_a_directory_of_someone_else_is_neither_taken_nor_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("four years")
    data = DataDirectory(tmp_path)
    with pytest.raises(ConfigurationError, match="no data directory of shopstream"):
        data.create()
    with pytest.raises(ConfigurationError, match="was not made by shopstream"):
        data.purge()
    assert (tmp_path / "thesis.txt").read_text() == "four years"


def test_purging_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    DataDirectory(tmp_path / "none").purge()


def test_a_directory_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlatformError, match="Cannot write to the data directory"):
        DataDirectory(tmp_path / "file" / "data").create()


def test_flinks_temporary_files_lie_where_no_blank_is() -> None:
    first, second = DataDirectory(Path("/a b/.shop")), DataDirectory(Path("/c/.shop"))
    assert " " not in str(first.scratch)
    assert first.scratch != second.scratch
