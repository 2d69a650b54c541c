from __future__ import annotations

import fcntl
import socket

from local.clickhouse.running import has_gone

BEYOND_SELECT = 1024
"""The first file that ``select`` cannot wait for."""


def test_a_client_that_waits_has_not_gone_however_many_files_are_open() -> None:
    server, client = socket.socketpair()
    with server, client, socket.socket(fileno=fcntl.fcntl(server, fcntl.F_DUPFD, BEYOND_SELECT)) as late:
        assert late.fileno() >= BEYOND_SELECT
        assert not has_gone(late)
        client.send(b"more of a request")
        assert not has_gone(late)


def test_a_client_that_closed_its_connection_has_gone() -> None:
    server, client = socket.socketpair()
    with server:
        client.close()
        assert has_gone(server)
