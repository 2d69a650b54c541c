"""The bytes of a request: HTTP's framing, the bound on their size, and what both leave to do on the connection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from io import BufferedIOBase
from typing import Final

from local.clickhouse import compression
from local.clickhouse.errors import ErrorCode, QueryError

_PIECE_BYTES: Final = 1 << 18
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

    def pieces(self, *, in_blocks: bool) -> Iterator[bytes]:
        """The decoded body, piece by piece.

        Args:
            in_blocks: Whether ClickHouse's own compressed blocks are in it (``decompress=1``).

        Raises:
            QueryError: It cannot be decoded, or is too large.
            ConnectionError: It ends before the request said it would.
        """
        pieces = compression.decode(self._encoding, self._counted())
        if in_blocks:
            pieces = compression.decode_blocks(pieces, self._max_bytes)
        return _bounded(pieces, self._max_bytes)

    def _counted(self) -> Iterator[bytes]:
        for piece in self._wire:
            self.received_bytes += len(piece)
            yield piece

    def drain(self) -> bool:
        """Read what is left; False if it is too much, and the connection is of no more use."""
        left = _DRAIN_BYTES
        try:
            for piece in self._counted():
                left -= len(piece)
                if left < 0:
                    return False
        except (OSError, QueryError):
            return False
        return True


def _bounded(pieces: Iterator[bytes], max_bytes: int) -> Iterator[bytes]:
    left = max_bytes
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            message = (
                f"The body exceeds {max_bytes} bytes when decoded: send smaller batches, or raise --max-body-bytes"
            )
            raise QueryError.named(ErrorCode.TOO_MANY_BYTES, message)
        yield piece


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
        piece = stream.read(min(left, _PIECE_BYTES))
        if not piece:
            message = f"the client went away {left} bytes before the end"
            raise ConnectionError(message)
        left -= len(piece)
        yield piece


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
