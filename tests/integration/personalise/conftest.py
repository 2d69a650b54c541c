from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.serving import RedisProcess


@pytest.fixture(scope="module")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path_factory.mktemp("redis"))
    process.start()
    yield process
    process.close()
