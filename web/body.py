"""The body of a request: read and inflated within bounds."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

from web.problems import MALFORMED_BODY, TOO_LARGE, UNSUPPORTED_MEDIA, Problem

Headers = dict[bytes, bytes]
Receive = Callable[[], Awaitable[Any]]

MEDIA_TYPES: Final = frozenset({b"application/json", b"text/plain", b""})
"""Browsers send JSON as text/plain where they want no preflight."""

_MAX_DIGITS: Final = 18
_GZIP: Final = 31  # zlib's window bits for gzip with the largest window


class ClientGone(Exception):
    """The client closed the connection before its body was complete."""


def check_headers(headers: Headers, max_bytes: int, types_of_gzip: frozenset[bytes] = frozenset()) -> bool:
    """Refuse a body by its headers, before it is read; returns whether the body is compressed.

    Args:
        headers: The request's.
        max_bytes: The largest body.
        types_of_gzip: Media types that a compressed body may be called by, besides MEDIA_TYPES.

    Raises:
        Problem: The body is too large, or of a kind that is not read here.
    """
    media = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if media not in MEDIA_TYPES and not (encoding == b"gzip" and media in types_of_gzip):
        raise Problem(UNSUPPORTED_MEDIA, f"Send application/json, not {media.decode('latin-1')[:100]!r}.")
    if encoding not in (b"gzip", b"identity", b""):
        raise Problem(UNSUPPORTED_MEDIA, f"Compress with gzip, not with {encoding.decode('latin-1')[:100]!r}.")
    length = headers.get(b"content-length", b"")
    if length and not length.isdigit():
        raise Problem(MALFORMED_BODY, "Content-Length is not a number.")
    if length and int(length[:_MAX_DIGITS]) > max_bytes:
        raise _too_large(max_bytes)
    return encoding == b"gzip"


async def read_body(receive: Receive, max_bytes: int) -> bytes:
    """The body as it was sent.

    Raises:
        Problem: It is too large.
        ClientGone: The client closed the connection.
    """
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    if not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
        return body
    parts = bytearray(message.get("body", b""))
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts += message.get("body", b"")
        if len(parts) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(parts)


def inflated(body: bytes, max_bytes: int) -> bytes:
    """The content of a gzip body.

    Raises:
        Problem: It is broken, or inflates to more than ``max_bytes``.
    """
    stream = zlib.decompressobj(_GZIP)
    try:
        content = stream.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise Problem(MALFORMED_BODY, f"The body is not gzip: {error}.") from error
    if len(content) > max_bytes:
        raise _too_large(max_bytes)
    if not stream.eof or stream.unused_data:
        raise Problem(MALFORMED_BODY, "The body is not one whole gzip stream.")
    return content


def _too_large(max_bytes: int) -> Problem:
    return Problem(TOO_LARGE, f"A request has {max_bytes} bytes at the most, inflated. Send less at once.")
