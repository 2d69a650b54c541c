"""Which ports are taken, and a base whose ports are all free."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Mapping

from local.errors import PlatformError
from schemas.settings import PORT_OFFSETS
from web.errors import PortInUse


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` of the loopback interface now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def require_free(ports: Mapping[str, int]) -> None:
    """Check the ports that parts are about to listen on.

    Args:
        ports: The port of each name.

    Raises:
        PortInUse: One of them is taken; the error names it.
    """
    for name, port in ports.items():
        if not is_free(port):
            raise PortInUse(name, port)


def free_base(choice: random.Random, offsets: Iterable[int] = PORT_OFFSETS.values(), attempts: int = 200) -> int:
    """A port base all of whose ports are free, below the range from which the system hands out ports.

    Raises:
        PlatformError: None was found.
    """
    needed = tuple(offsets)
    for _ in range(attempts):
        base = choice.randrange(11_000, 32_000, 10)
        if all(is_free(base + offset) for offset in needed):
            return base
    message = f"No port base with {len(needed)} free ports was found in {attempts} tries."
    raise PlatformError(message)
