from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from connections.clickhouse import SYSTEM_DATABASE, connected
from schemas.settings import Settings


@pytest.fixture
def settings(platform: Any) -> Iterator[Settings]:
    """The platform's settings with a database of the test's own."""
    name = f"operations_{uuid.uuid4().hex[:10]}"
    with_database: Settings = platform.settings.model_copy(update={"clickhouse_database": name})
    yield with_database
    with connected(with_database, SYSTEM_DATABASE) as client:
        client.command(f"DROP DATABASE IF EXISTS {name} SYNC")
