"""Connections to Redis with a time-out on every call, and its errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from connections.errors import DependencyUnavailable

CONNECT_SECONDS: Final = 2.0
ATTEMPTS: Final = 4
FIRST_BACKOFF_SECONDS: Final = 0.1
LONGEST_BACKOFF_SECONDS: Final = 2.0
_LOST: Final = (RedisConnectionError, RedisTimeoutError)


def connect(redis_url: str, timeout_seconds: float) -> Redis:
    """A client whose calls are repeated a few times where the connection is lost, and then fail.

    Nothing is sent before the first call. What it sends must be harmless when repeated.

    Args:
        redis_url: ``redis://host:port/database``.
        timeout_seconds: Bound on each answer.
    """
    backoff = ExponentialBackoff(cap=LONGEST_BACKOFF_SECONDS, base=FIRST_BACKOFF_SECONDS)
    return Redis.from_url(
        redis_url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=timeout_seconds,
        retry=Retry(backoff, ATTEMPTS),
        retry_on_error=list(_LOST),
        health_check_interval=30,
    )


@contextmanager
def redis_errors(redis_url: str) -> Iterator[None]:
    """What Redis raises in the block, a refusal while it loads its file or has no memory among them, as ours.

    Raises:
        DependencyUnavailable: Redis does not do what was asked.
    """
    try:
        yield
    except RedisError as error:
        raise DependencyUnavailable(
            "Redis", _without_password(redis_url), f"{type(error).__name__}: {error}"
        ) from error


def _without_password(redis_url: str) -> str:
    return redis_url.replace(f"{urlsplit(redis_url).password}@", "...@")
