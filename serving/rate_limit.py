"""How many requests each client may send: a token bucket in Redis that all processes share.

A process takes tokens for LEASE_SECONDS at a time, so that most requests cost no round trip. At small rates that is one
token for each request, and the limit is exact; at large ones each process may hold that many tokens that it does not
use.
"""

from __future__ import annotations

import math
from importlib.resources import files
from typing import Final

from schemas import redis_keys
from serving.access import Principal
from serving.problems import RATE_LIMITED
from serving.redis_client import Redis, RedisUnavailable
from web.problems import Problem

LEASE_SECONDS: Final = 0.05
MAX_CLIENTS: Final = 100_000

_SCRIPT: Final = (files("serving") / "rate_limit.lua").read_bytes()


class RateLimit:
    """The limit of every client.

    Args:
        redis: Where the buckets are.
        requests_per_second: The rate; 0 for no limit.
        burst: What a bucket holds.
        fails_open: Whether requests pass while Redis does not answer.
    """

    def __init__(self, redis: Redis, requests_per_second: float, burst: int, fails_open: bool) -> None:
        self._redis = redis
        self._rate = requests_per_second
        self._burst = burst
        self._fails_open = fails_open
        self._lease = max(1, int(min(requests_per_second * LEASE_SECONDS, burst / 10)))
        self._tokens: dict[str, int] = {}

    def take_held(self, client: Principal) -> bool:
        """Take a token that this process holds; returns whether there was one, or none is needed."""
        if not self._rate:
            return True
        held = self._tokens.get(client.name, 0)
        if held:
            self._tokens[client.name] = held - 1
        return held > 0

    async def take(self, client: Principal) -> None:
        """Take a token from the bucket.

        Raises:
            Problem: It is empty.
        """
        try:
            granted, wait = await self._grant(client.name)
        except RedisUnavailable as error:
            if self._fails_open:
                return
            raise Problem(RATE_LIMITED, "The limit cannot be checked now.", retry_after_seconds=1) from error
        if not granted:
            detail = f"{self._rate:g} requests per second are allowed."
            raise Problem(RATE_LIMITED, detail, retry_after_seconds=max(1, math.ceil(float(wait))))
        if len(self._tokens) >= MAX_CLIENTS:
            self._tokens.clear()
        self._tokens[client.name] = self._tokens.get(client.name, 0) + granted - 1

    async def _grant(self, client: str) -> tuple[int, bytes]:
        key = redis_keys.rate_limit(client).encode()
        bounds = (b"%f" % self._rate, b"%d" % self._burst, b"%d" % self._lease)
        granted, wait = await self._redis.call(b"EVAL", _SCRIPT, b"1", key, *bounds)
        return granted, wait
