"""Waits until Kafka has acknowledged everything that a producer sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from confluent_kafka import Producer

from connections.errors import DependencyUnavailable
from coordination.waiting import wait_until

_FLUSH_SECONDS: Final = 0.1


def wait_for_acknowledgements(
    producer: Producer, servers: str, what: str, raise_failure: Callable[[], None], timeout_seconds: float
) -> None:
    """Flush ``producer``, and check for failed deliveries all the while.

    Args:
        producer: The client that sent the records.
        servers: Kafka's addresses, for the error.
        what: What was sent, in the plural, for the error.
        raise_failure: Raises what the delivery callbacks noted, if anything.
        timeout_seconds: How long to wait.

    Raises:
        DependencyUnavailable: Something is still unacknowledged after that time.
    """

    def are_acknowledged() -> bool:
        unacknowledged = producer.flush(_FLUSH_SECONDS)
        raise_failure()
        return not unacknowledged

    def too_late() -> DependencyUnavailable:
        reason = f"{len(producer)} {what} are not acknowledged after {timeout_seconds:g} s"
        return DependencyUnavailable("Kafka", servers, reason)

    wait_until(are_acknowledged, timeout_seconds, too_late, poll_seconds=0)
