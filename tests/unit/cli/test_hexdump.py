"""Bytes for a person's eyes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cli.hexdump import hexdump, printable


def test_a_dump_shows_offset_bytes_and_text() -> None:
    assert list(hexdump(b"\x00\x00\x00\x00\x07\x06e-1 is 18")) == [
        "00000000  00 00 00 00 07 06 65 2d 31 20 69 73 20 31 38     |......e-1 is 18|",
    ]
    assert list(hexdump(bytes(range(0x7E, 0x7E + 17))))[1] == f"00000010  8e{' ' * 45}  |.|"


def test_no_bytes_make_no_line() -> None:
    assert list(hexdump(b"")) == []


@given(st.binary(max_size=200))
def test_every_byte_can_be_read_back(data: bytes) -> None:
    lines = [line[10:57] for line in hexdump(data)]
    assert bytes.fromhex(" ".join(lines)) == data
    assert len(printable(data)) == len(data)
