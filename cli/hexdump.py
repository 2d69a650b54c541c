"""Bytes for a person's eyes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_WIDTH: Final = 16


def hexdump(data: bytes) -> Iterator[str]:
    """Lines of an offset, sixteen bytes in hexadecimal, and the same as text."""
    for offset in range(0, len(data), _WIDTH):
        row = data[offset : offset + _WIDTH]
        yield f"{offset:08x}  {row.hex(' '):<{3 * _WIDTH - 1}}  |{printable(row)}|"


def printable(data: bytes) -> str:
    """ASCII as it is, a dot for every other byte."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)
