from __future__ import annotations

from pathlib import Path

from local.connectors import copy_connectors
from local.downloads import Jars, default_cache, read_lock


def test_the_connectors_of_the_lock_are_copied(tmp_path: Path) -> None:
    jars = Jars(read_lock(), default_cache())

    copied = copy_connectors(jars, tmp_path / "lib")

    assert {jar.name for jar in copied} == {jar.name for jar in jars.paths("flink")}
    assert len(copied) >= 3
    assert all(jar.stat().st_size > 0 for jar in copied)
