"""A Redis of a test's own, filled as the jobs fill it, and recommendation services in front of it."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import redis
import uvicorn

from coordination.waiting import wait_until
from local.parts.redis import redis_server
from local.ports import free_base
from schemas import redis_keys
from schemas.recommendations import (
    Product,
    Reason,
    RecommendationList,
    RecommendedItem,
    Source,
    encode_list,
    encode_product,
    utc_text,
)
from schemas.settings import PORT_OFFSETS, Settings
from schemas.visitors import IdentityChange, anonymous
from serving.app import recommendations
from tests.support.metrics import samples
from web.server import UVICORN_OPTIONS

SECONDS = 60.0
MADE_AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
HISTORY_UNTIL = datetime(2026, 11, 20, 9, tzinfo=UTC)


class RedisProcess:
    """A Redis that can be killed, stopped for a while and started again, on the same port."""

    def __init__(self, home: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        self.client = redis.Redis(port=self.port, socket_timeout=SECONDS, decode_responses=False)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._home)]
        self._process = subprocess.Popen(
            [redis_server(), *options, "--appendonly", "yes"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self._answers, SECONDS, lambda: AssertionError("Redis does not start"), poll_seconds=0.02)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def close(self) -> None:
        self.client.close()
        if self._process is not None and self._process.poll() is None:
            self.signal(signal.SIGCONT)
            self.kill()

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False


@dataclass
class Shelf:
    """What is in Redis, put there through the functions of ``schemas``."""

    redis: redis.Redis

    def empty(self) -> None:
        self.redis.flushall()

    def activate(self, version: str) -> None:
        self.redis.sadd(redis_keys.LIVE_MODELS, version)
        self.redis.set(redis_keys.ACTIVE_MODEL, version)

    def put(
        self,
        key: str,
        source: Source,
        items: Sequence[str],
        reason: Reason,
        version: str = "",
        because: Sequence[str] = (),
    ) -> None:
        made = RecommendationList(
            source,
            version,
            MADE_AT,
            HISTORY_UNTIL,
            tuple(RecommendedItem(item, 1 - n / 200, reason, tuple(because)) for n, item in enumerate(items)),
        )
        self.redis.set(key, encode_list(made))
        if version:
            self.model_made(version, datetime.now(UTC))

    def model_made(self, version: str, at: datetime) -> None:
        """Mark that the lists of a version are there."""
        self.redis.set(redis_keys.published(version), utc_text(at))

    def personal(self, user: str, items: Sequence[str], version: str = "m1", because: Sequence[str] = ()) -> None:
        self.put(
            redis_keys.personalized(version, user), Source.PERSONAL, items, Reason.SIMILAR_TO_BOUGHT, version, because
        )

    def similar(self, item: str, items: Sequence[str], version: str = "m1") -> None:
        self.put(
            redis_keys.similar(version, item), Source.SIMILAR, items, Reason.SIMILAR_TO_VIEWED, version, because=[item]
        )

    def popular(self, items: Sequence[str]) -> None:
        self.put(redis_keys.POPULAR, Source.POPULAR, items, Reason.POPULAR)

    def trending(self, items: Sequence[str]) -> None:
        self.put(redis_keys.TRENDING, Source.TRENDING, items, Reason.TRENDING)

    def newest(self, items: Sequence[str]) -> None:
        self.put(redis_keys.NEWEST, Source.NEWEST, items, Reason.NEW)

    def category_popular(self, category: str, items: Sequence[str]) -> None:
        self.put(redis_keys.category_popular(category), Source.CATEGORY_POPULAR, items, Reason.POPULAR)

    def history(self, user: str, *interactions: tuple[str, str, int]) -> None:
        self.members(user, **{f"{kind}:{item}": at_ms for kind, item, at_ms in interactions})

    def members(self, user: str, **times_ms: int) -> None:
        """Put members as they are into a user's history."""
        self.redis.zadd(redis_keys.history(user), times_ms, gt=True)

    def anonymous(self, visitor: str, *interactions: tuple[str, str, int]) -> None:
        """Put anonymous events into a visitor's history."""
        self.members(visitor, **{anonymous(f"{kind}:{item}", at_ms, ""): at_ms for kind, item, at_ms in interactions})

    def identity(self, visitor: str, *changes: tuple[int, str]) -> None:
        """From a time on the visitor is a user, or nobody."""
        for at_ms, user in changes:
            member = IdentityChange(at_ms, user, "", f"e-{at_ms}").member
            self.redis.zadd(redis_keys.identity_changes(visitor), {member: at_ms})
            if user:
                self.redis.zadd(redis_keys.visitors(user), {visitor: at_ms}, gt=True)
                self.redis.zadd(redis_keys.LINKED, {visitor: 1, user: 1})

    def product(self, item: str, **known: Any) -> None:
        product = Product(**known)
        self.redis.set(redis_keys.product(item), encode_product(product))
        for part in redis_keys.catalogues(product.category):
            self.redis.zadd(part, {item: 0})

    def unavailable(self, *items: str) -> None:
        """From now on these, and no others, must not be recommended."""
        with self.redis.pipeline() as pipe:
            pipe.delete(redis_keys.UNAVAILABLE)
            if items:
                pipe.sadd(redis_keys.UNAVAILABLE, *items)
            pipe.incr(redis_keys.UNAVAILABLE_REVISION)
            pipe.execute()


@dataclass
class Service:
    """A recommendation service under uvicorn, in a thread."""

    settings: Settings
    server: uvicorn.Server = field(init=False)
    http: httpx.Client = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port('serving')}"

    @contextmanager
    def running(self) -> Iterator[Service]:
        self.server = uvicorn.Server(uvicorn.Config(recommendations(self.settings), **UVICORN_OPTIONS))
        listener = socket.create_server(("127.0.0.1", self.settings.port("serving")), backlog=512)
        thread = threading.Thread(target=self.server.run, args=([listener],), daemon=True)
        thread.start()

        def has_started() -> bool:
            assert thread.is_alive()
            return self.server.started

        eventually(has_started, SECONDS)
        with httpx.Client(base_url=self.url, timeout=SECONDS, trust_env=False) as self.http:
            yield self
        self.server.should_exit = True
        thread.join(SECONDS)
        listener.close()
        assert not thread.is_alive()

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        answer = self.http.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    def post(self, path: str, body: Any) -> dict[str, Any]:
        answer = self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    def recommend(self, user: str, **parameters: Any) -> dict[str, Any]:
        return self.get(f"/v1/recommend/{user}", **parameters)

    def metric(self, name: str) -> float:
        return samples(self.http.get("/metrics").text)[f"shop_serving_{name}"]


def service_of(redis_url: str, **changes: Any) -> Service:
    """A service with some settings changed, without an access log unless that is one of them."""
    base = free_base(random.Random(), [PORT_OFFSETS["serving"]])
    settings = {"redis_url": redis_url, "port_base": base, "serving_access_log": False, **changes}
    return Service(Settings.model_validate(settings))


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until what the service does in the background is done."""
    wait_until(condition, seconds, lambda: AssertionError(f"it did not happen within {seconds:g} s"), poll_seconds=0.02)


def ids(answer: dict[str, Any]) -> list[str]:
    """The products of an answer."""
    return [item["item_id"] for item in answer["items"]]
