"""What the supervisor needs to know of a part."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from enum import IntEnum
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Final, Protocol

PROBE_SECONDS: Final = 2.0


class StopStage(IntEnum):
    """The order in which parts stop: first who writes, last who is written to."""

    SINKS = 1
    PROCESSING = 2
    STORES = 3
    LOG = 4


class Part(Protocol):
    """One process of the platform.

    Attributes:
        name: Its name in ``status``, in the log directory and in error messages.
        ports: The loopback ports it listens on, by the name of what they are for; the first is the one to show.
        stop_stage: When it stops.
        stop_grace_seconds: How long it may take to stop before it is killed.
        restarts_with: Another part whose restart makes this one useless; None for none.
    """

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def ports(self) -> Mapping[str, int]:
        """The loopback ports it listens on."""
        ...

    @property
    def stop_stage(self) -> StopStage:
        """When it stops."""
        ...

    @property
    def stop_grace_seconds(self) -> float:
        """How long it may take to stop."""
        ...

    @property
    def restarts_with(self) -> str | None:
        """The part whose restart makes this one useless."""
        ...

    def prepare(self) -> None:
        """Make what must be there before each start: directories, configuration, formatted storage.

        Raises:
            PlatformError: It cannot be made.
            OSError: The same.
        """
        ...

    def command(self) -> list[str]:
        """The program and its arguments."""
        ...

    def environment(self) -> dict[str, str]:
        """Variables it gets on top of the supervisor's own."""
        ...

    def is_ready(self) -> bool:
        """Whether it answers now; takes PROBE_SECONDS or little more at the most."""
        ...


def get(port: int, path: str) -> bytes | None:
    """The body of a successful answer of a server on loopback; None when it gives none.

    By the standard library, as a probe every other second is no reason to load certificates.
    """
    connection = HTTPConnection("127.0.0.1", port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    return body if answer.status < HTTPStatus.MULTIPLE_CHOICES else None


def exchange(port: int, request: bytes, answer_bytes: int) -> bytes:
    """What a server on loopback answers to ``request``; b"" when it does not."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PROBE_SECONDS) as connection:
            connection.sendall(request)
            return connection.recv(answer_bytes)
    except OSError:
        return b""
