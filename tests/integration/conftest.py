"""One embedded platform for all integration tests of a run."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from local.platform import Platform
from local.ports import free_base
from schemas.migrate import migrate
from schemas.settings import Settings


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A migrated platform in a directory with a blank in its name; every part is ready when a test gets it."""
    root = tmp_path_factory.mktemp("a platform")
    made = Platform(Settings(data_dir=root / "data", port_base=free_base(random.Random())))
    made.fetch()
    try:
        made.up()
        migrate(made.settings)
        yield made
    finally:
        made.down()
