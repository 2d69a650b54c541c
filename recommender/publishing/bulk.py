"""Many writes to Redis as fast as ``redis-cli --pipe``: commands are packed and sent in chunks, replies only counted.

redis-py builds every command and returns every reply, which takes several times as long as the server does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socket import socket
from typing import Final, cast

import hiredis
import redis

from connections.errors import DependencyUnavailable, WriteRefused

CHUNK_BYTES: Final = 256 * 1024
REPLY_BYTES: Final = 64 * 1024

_pack = cast("Callable[[tuple[bytes, ...]], bytes]", hiredis.pack_command)  # its stub allows tuples of one only


def set_if_absent(pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """``SET key value NX`` for each pair, in Redis's protocol."""
    return (_pack((b"SET", key, value, b"NX")) for key, value in pairs)


def persist(keys: Iterable[bytes]) -> Iterator[bytes]:
    """``PERSIST key`` for each key, in Redis's protocol."""
    return (_pack((b"PERSIST", key)) for key in keys)


def send_all(client: redis.Redis, commands: Iterable[bytes]) -> int:
    """Send commands, wait until Redis has replied to each, and return their number.

    The replies to a chunk are read while Redis works on the next one, so that neither side waits for the other and no
    buffer fills.

    Raises:
        DependencyUnavailable: Redis does not answer.
        WriteRefused: Redis rejects a command.
    """
    with translated_errors(client):
        connection = client.connection_pool.get_connection()
        try:
            return _exchange(connection._sock, commands)
        except BaseException:
            connection.disconnect()  # outstanding replies would be taken for those of the next command
            raise
        finally:
            client.connection_pool.release(connection)


@contextmanager
def translated_errors(client: redis.Redis) -> Iterator[None]:
    """Raise errors of Redis in the block as errors of ours.

    Raises:
        DependencyUnavailable: Redis does not answer.
        WriteRefused: Redis rejects a command.
    """
    server = client.connection_pool.connection_kwargs
    address = f"{server.get('host', 'localhost')}:{server.get('port', 6379)}"
    try:
        yield
    except (redis.ResponseError, hiredis.ReplyError) as error:
        raise WriteRefused(address, str(error)) from error
    except (OSError, redis.RedisError) as error:
        raise DependencyUnavailable("Redis", address, repr(error)) from error


def _exchange(sock: socket, commands: Iterable[bytes]) -> int:
    replies = _Replies(sock)
    total = outstanding = 0
    for chunk, count in _chunks(commands):
        sock.sendall(chunk)
        replies.take(outstanding)
        outstanding = count
        total += count
    replies.take(outstanding)
    return total


class _Replies:
    """Replies from a socket, in order."""

    def __init__(self, sock: socket) -> None:
        self._sock = sock
        self._reader = hiredis.Reader()

    def take(self, count: int) -> None:
        """Read ``count`` replies; raises the first that is an error."""
        while count:
            reply = self._reader.gets()
            if reply is False:
                self._receive()
            elif isinstance(reply, hiredis.ReplyError):
                raise reply
            else:
                count -= 1

    def _receive(self) -> None:
        received = self._sock.recv(REPLY_BYTES)
        if not received:
            raise ConnectionResetError("the connection was closed")
        self._reader.feed(received)


def _chunks(commands: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """Commands joined to chunks of about CHUNK_BYTES, with the number of commands in each."""
    parts: list[bytes] = []
    size = 0
    for command in commands:
        parts.append(command)
        size += len(command)
        if size >= CHUNK_BYTES:
            yield b"".join(parts), len(parts)
            parts, size = [], 0
    if parts:
        yield b"".join(parts), len(parts)
