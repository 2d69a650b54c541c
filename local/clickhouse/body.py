"""The body of a request: HTTP's framing, its maximal size, and what is left of it on the connection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from io import BufferedIOBase
from typing import Final

from local.clickhouse import compression
from local.clickhouse.errors import ErrorCode, QueryError

_CHUNK_BYTES: Final = 1 << 18
_LINE_BYTES: Final = 1 << 12
_HEXADECIMAL: Final = re.compile(rb"[0-9a-fA-F]{1,15}")
_DRAIN_BYTES: Final = 16 << 20
"""A reply may come before the whole request was read; beyond this it is cheaper to close the connection."""


class Body:
    """The body of one request, read once.

    Args:
        stream: Where the request's body begins.
        headers: The request's headers.
        max_bytes: Bound on the decoded size.
    """

    def __init__(self, stream: BufferedIOBase, headers: Message, max_bytes: int) -> None:
        self._wire = _read_wire(stream, headers)
        self._encoding = headers.get("Content-Encoding", "")
        self._max_bytes = max_bytes
        self.received_bytes = 0

    def chunks(self, *, in_blocks: bool) -> Iterator[bytes]:
        """The decoded body, chunk by chunk (not HTTP's own chunks).

        Args:
            in_blocks: Whether it holds ClickHouse's own compressed blocks (``decompress=1``).

        Raises:
            QueryError: It cannot be decoded, or is too large.
            ConnectionError: It ends before its announced length.
        """
        chunks = compression.decode(self._encoding, self._counted())
        if in_blocks:
            chunks = compression.decode_blocks(chunks, self._max_bytes)
        return _bounded(chunks, self._max_bytes)

    def _counted(self) -> Iterator[bytes]:
        for chunk in self._wire:
            self.received_bytes += len(chunk)
            yield chunk

    def drain(self) -> bool:
        """Read what is left; False if that is too much, so that the connection has to be closed."""
        left = _DRAIN_BYTES
        try:
            for chunk in self._counted():
                left -= len(chunk)
                if left < 0:
                    return False
        except (OSError, QueryError):
            return False
        return True


def _bounded(chunks: Iterator[bytes], max_bytes: int) -> Iterator[bytes]:
    left = max_bytes
    for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            message = (
                f"The body exceeds {max_bytes} bytes when decoded: send smaller batches, or raise --max-body-bytes"
            )
            raise QueryError.named(ErrorCode.TOO_MANY_BYTES, message)
        yield chunk


def _read_wire(stream: BufferedIOBase, headers: Message) -> Iterator[bytes]:
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        return _read_chunks(stream)
    length = headers.get("Content-Length", "0").strip()
    if not (length.isascii() and length.isdigit()):
        raise QueryError.named(ErrorCode.HTTP_LENGTH_REQUIRED, f"Content-Length {length!r} is not a number")
    return _read_exactly(stream, int(length))


def _read_exactly(stream: BufferedIOBase, size: int) -> Iterator[bytes]:
    left = size
    while left:
        chunk = stream.read(min(left, _CHUNK_BYTES))
        if not chunk:
            message = f"the client went away {left} bytes before the end"
            raise ConnectionError(message)
        left -= len(chunk)
        yield chunk


def _read_chunks(stream: BufferedIOBase) -> Iterator[bytes]:
    while size := _read_chunk_size(stream):
        yield from _read_exactly(stream, size)
        stream.readline(_LINE_BYTES)
    while stream.readline(_LINE_BYTES).strip():
        pass


def _read_chunk_size(stream: BufferedIOBase) -> int:
    digits = stream.readline(_LINE_BYTES).split(b";")[0].strip()
    if not _HEXADECIMAL.fullmatch(digits):
        message = f"the client sent {digits!r} for the size of a chunk"
        raise ConnectionError(message)
    return int(digits, 16)
