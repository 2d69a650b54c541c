"""Which clients may send events, and how many: write keys, and a token bucket for each."""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable
from typing import Any, Final

from producers.collector.problems import RATE_LIMITED, UNAUTHORIZED
from schemas.errors import ConfigurationError
from schemas.settings import Settings
from web.access import credential, is_loopback, split_list
from web.problems import Problem

ANYBODY: Final = ""
"""The key of every client where none is configured."""


def configured_keys(settings: Settings) -> tuple[str, ...]:
    """The write keys.

    Raises:
        ConfigurationError: There is none although others than this machine's programs can connect.
    """
    keys = tuple(split_list(settings.collector_write_keys.get_secret_value()))
    if not keys and not is_loopback(settings.collector_host):
        message = (
            f"The collector would listen on {settings.collector_host} and take events from anybody: "
            "set SHOP_COLLECTOR_WRITE_KEYS, or SHOP_COLLECTOR_HOST to a loopback address."
        )
        raise ConfigurationError(message)
    return keys


class WriteKeys:
    """Knows the write keys.

    Args:
        keys: The keys; none lets everybody in.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = [(key, key.encode()) for key in keys]

    def key_in_headers(self, headers: dict[bytes, bytes]) -> str | None:
        """The key that the headers name, which must be valid; None when they name none.

        It is the user name of Basic authorization (as Segment's libraries send it), a bearer token, or ``X-API-Key``.

        Raises:
            Problem: The key is not valid.
        """
        if not self._keys:
            return ANYBODY
        key = headers.get(b"x-api-key") or credential(headers.get(b"authorization", b""))
        return None if key is None else self._checked(key)

    def key_in_body(self, body: Any) -> str:
        """The ``writeKey`` of a body, as browsers send it to need no preflight.

        Raises:
            Problem: There is none, or it is not valid.
        """
        key = body.get("writeKey") if type(body) is dict else None
        return self._checked(key.encode() if type(key) is str else b"")

    def _checked(self, candidate: bytes) -> str:
        valid: str | None = None
        for key, encoded in self._keys:  # all of them, each in constant time: how long it takes tells nothing
            if hmac.compare_digest(encoded, candidate):
                valid = key
        if valid is None:
            detail = "Send a write key: as user of Basic authorization, as bearer token, as X-API-Key, or as writeKey."
            raise Problem(UNAUTHORIZED, detail, headers=((b"www-authenticate", b'Basic realm="collector"'),))
        return valid


class RateLimit:
    """A token bucket for each key; a token is an event.

    A request may overdraw its bucket, so that none is too large to pass at all: the next one waits for the debt.

    Args:
        events_per_second: The rate; 0 for no limit.
        burst_events: What a bucket holds.
        clock: Seconds that never go back.
    """

    def __init__(self, events_per_second: float, burst_events: int, clock: Callable[[], float]) -> None:
        self._rate = events_per_second
        self._burst = burst_events
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, key: str, events: int) -> None:
        """Take tokens for ``events``.

        Raises:
            Problem: The bucket is empty.
        """
        if not self._rate:
            return
        now = self._clock()
        tokens, then = self._buckets.get(key, (float(self._burst), now))
        tokens = min(self._burst, tokens + (now - then) * self._rate)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            seconds = max(1, math.ceil((1 - tokens) / self._rate))
            raise Problem(RATE_LIMITED, f"{self._rate:g} events per second are allowed.", retry_after_seconds=seconds)
        self._buckets[key] = (tokens - events, now)
