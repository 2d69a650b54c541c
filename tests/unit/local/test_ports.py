from __future__ import annotations

import random
import socket
from collections.abc import Iterator

import pytest

from local.errors import PlatformError
from local.ports import free_base, is_free, require_free
from schemas.settings import PORT_OFFSETS
from web.errors import PortInUse


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_on_which_somebody_listens_is_not_free(taken_port: int) -> None:
    assert not is_free(taken_port)


def test_the_error_says_which_part_needs_which_port(taken_port: int) -> None:
    with pytest.raises(PortInUse, match=f"Port {taken_port}, which kafka needs") as raised:
        require_free({"kafka": taken_port})
    assert (raised.value.part, raised.value.port) == ("kafka", taken_port)


def test_a_free_base_has_every_port_free() -> None:
    base = free_base(random.Random(7))
    assert all(is_free(base + offset) for offset in PORT_OFFSETS.values())


def test_a_base_whose_ports_are_taken_is_passed_over(taken_port: int) -> None:
    class Choice(random.Random):
        def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
            return taken_port

    with pytest.raises(PlatformError, match="No port base with 1 free ports was found in 3 tries"):
        free_base(Choice(), offsets=[0], attempts=3)
