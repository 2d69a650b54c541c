from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from connections.redis import connect
from recommender.store import ModelStore
from schemas.redis_keys import LIVE_MODELS
from tests.support.models import served_model
from tests.support.serving import RedisProcess


@pytest.fixture(scope="module")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path_factory.mktemp("redis"))
    process.start()
    yield process
    process.close()


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    made = ModelStore((tmp_path / "models").as_uri())
    made.write(served_model("m1"))
    return made


@pytest.fixture
def redis(redis_process: RedisProcess) -> Any:
    redis_process.client.flushall()
    redis_process.client.sadd(LIVE_MODELS, "m1")
    return redis_process.client


@pytest.fixture
def client(redis_process: RedisProcess) -> Iterator[Redis]:
    with closing(connect(redis_process.url, 5.0)) as made:
        yield made
