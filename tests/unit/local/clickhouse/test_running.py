from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from local.clickhouse.running import has_gone

BEYOND_SELECT = 1100


@pytest.fixture
def many_open_files() -> Iterator[None]:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert limit > BEYOND_SELECT + 50
    with ExitStack() as stack:
        for _ in range(BEYOND_SELECT):
            stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        yield


def test_a_client_that_waits_has_not_gone_however_many_files_are_open(many_open_files: None) -> None:
    server, client = socket.socketpair()
    with server, client:
        assert server.fileno() > 1023
        assert not has_gone(server)
        client.send(b"more of a request")
        assert not has_gone(server)


def test_a_client_that_closed_its_connection_has_gone() -> None:
    server, client = socket.socketpair()
    with server:
        client.close()
        assert has_gone(server)
