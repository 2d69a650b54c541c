"""Waits until Kafka has acknowledged everything that a producer sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from confluent_kafka import Producer

from connections.errors import DependencyUnavailable

_WAIT_SECONDS: Final = 0.1


def wait_for_acknowledgements(
    producer: Producer, servers: str, what: str, raise_failure: Callable[[], None], timeout_seconds: float
) -> None:
    """Flush ``producer``, looking for failed deliveries all the while.

    Args:
        producer: Who sent.
        servers: Whom, for the error.
        what: What was sent, in the plural, for the error.
        raise_failure: Raises what the delivery callbacks noted, if anything.
        timeout_seconds: How long to wait.

    Raises:
        DependencyUnavailable: Something is still unacknowledged after that time.
    """
    deadline = time.monotonic() + timeout_seconds
    while left := producer.flush(_WAIT_SECONDS):
        raise_failure()
        if time.monotonic() >= deadline:
            reason = f"{left} {what} are not acknowledged after {timeout_seconds:g} s"
            raise DependencyUnavailable("Kafka", servers, reason)
    raise_failure()
