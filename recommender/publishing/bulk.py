"""Many writes to Redis at the speed of its own ``redis-cli --pipe``: commands as bytes, replies only counted.

redis-py builds each command and hands out each reply by itself, which costs several times what the server takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from socket import socket
from typing import Final

import hiredis
import redis

from connections.errors import DependencyUnavailable, WriteRefused

CHUNK_BYTES: Final = 256 * 1024
REPLY_BYTES: Final = 64 * 1024


def set_if_absent(pairs: Iterable[tuple[bytes, bytes]], ttl_seconds: int) -> Iterator[bytes]:
    """``SET key value NX EX ttl`` for each pair, in Redis's protocol."""
    ttl = str(ttl_seconds).encode()
    end = b"\r\n$2\r\nNX\r\n$2\r\nEX\r\n$%d\r\n%b\r\n" % (len(ttl), ttl)
    for key, value in pairs:
        yield b"*6\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b%b" % (len(key), key, len(value), value, end)


def expire(keys: Iterable[bytes], ttl_seconds: int) -> Iterator[bytes]:
    """``EXPIRE key ttl`` for each key, in Redis's protocol."""
    ttl = str(ttl_seconds).encode()
    end = b"\r\n$%d\r\n%b\r\n" % (len(ttl), ttl)
    for key in keys:
        yield b"*3\r\n$6\r\nEXPIRE\r\n$%d\r\n%b%b" % (len(key), key, end)


def send_all(client: redis.Redis, commands: Iterable[bytes]) -> int:
    """Send commands, and wait until Redis has answered each; how many there were.

    The replies to a chunk are read while Redis works on the next one, so that neither side waits for the other, and
    neither's buffer fills.

    Raises:
        DependencyUnavailable: Redis does not answer.
        WriteRefused: It refuses a command.
    """
    with answering(client):
        connection = client.connection_pool.get_connection()
        try:
            return _exchange(connection._sock, commands)
        except BaseException:
            connection.disconnect()  # what is still to be answered would be taken for the next command's reply
            raise
        finally:
            client.connection_pool.release(connection)


@contextmanager
def answering(client: redis.Redis) -> Iterator[None]:
    """What goes wrong with Redis in the block, as an error of ours.

    Raises:
        DependencyUnavailable: Redis does not answer.
        WriteRefused: It refuses a command.
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
    total = waiting = 0
    for chunk, count in _chunks(commands):
        sock.sendall(chunk)
        replies.take(waiting)
        waiting = count
        total += count
    replies.take(waiting)
    return total


class _Replies:
    """The replies that come over a socket, in their order."""

    def __init__(self, sock: socket) -> None:
        self._sock = sock
        self._reader = hiredis.Reader()

    def take(self, count: int) -> None:
        """Read so many, and see that none is an error."""
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
    """Commands joined to chunks of about CHUNK_BYTES, and how many are in each."""
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
