"""Codecs: what was packed comes back however it is cut, and damage is an error."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.clickhouse.compression import choose_encoding, compressor, decode, decode_blocks, encode_blocks
from local.clickhouse.errors import QueryError

ENCODINGS = ["gzip", "deflate", "zstd", "lz4"]
BOUND = 1 << 26

compressible = st.builds(lambda chunk, times: chunk * times, st.binary(max_size=50), st.integers(1, 2000))
data = st.one_of(st.binary(max_size=5000), compressible)


def pack(encoding: str, chunks: list[bytes]) -> bytes:
    packer = compressor(encoding)
    return b"".join([*(packer.compress(chunk) for chunk in chunks), packer.flush()])


def cut(packed: bytes, size: int) -> list[bytes]:
    return [packed[start : start + size] for start in range(0, len(packed), size)]


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=40, deadline=None)
@given(chunks=st.lists(data, max_size=4), size=st.integers(1, 400))
def test_what_was_packed_comes_back_however_it_is_cut(encoding, chunks, size):
    packed = pack(encoding, chunks)
    assert b"".join(decode(encoding, cut(packed, size))) == b"".join(chunks)


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=20, deadline=None)
@given(first=data, second=data, size=st.integers(1, 400))
def test_streams_may_follow_each_other(encoding, first, second, size):
    packed = pack(encoding, [first]) + pack(encoding, [second])
    assert b"".join(decode(encoding, cut(packed, size))) == first + second


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=40, deadline=None)
@given(body=data, missing=st.integers(1, 30))
def test_a_stream_that_ends_too_early_is_told(encoding, body, missing):
    packed = pack(encoding, [body])
    kept = packed[: max(1, len(packed) - missing)]
    with pytest.raises(QueryError, match="CANNOT_DECOMPRESS"):
        list(decode(encoding, [kept]))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_is_no_stream_is_told(encoding):
    with pytest.raises(QueryError, match="CANNOT_DECOMPRESS"):
        list(decode(encoding, [b"certainly no compressed stream"]))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_empty_body_is_empty(encoding):
    assert list(decode(encoding, [])) == []


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_single_piece_is_as_large_as_a_bomb(encoding):
    bomb = pack(encoding, [bytes(1 << 20)] * 256)
    largest = max(len(chunk) for chunk in decode(encoding, cut(bomb, 1 << 18)))
    assert largest <= 130 << 20


@settings(max_examples=40, deadline=None)
@given(body=data, size=st.integers(1, 400))
def test_blocks_come_back_however_they_are_cut(body, size):
    assert b"".join(decode_blocks(cut(encode_blocks(body), size), BOUND)) == body


def test_a_long_body_is_many_blocks():
    body = bytes(range(256)) * 10_000
    assert [len(block) for block in decode_blocks([encode_blocks(body)], BOUND)] == [1 << 20, 1 << 20, 462_848]


@settings(max_examples=60, deadline=None)
@given(body=st.binary(min_size=1, max_size=300), position=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_any_changed_byte_of_a_block_is_told(body, position, flip):
    packed = bytearray(encode_blocks(body))
    packed[position % len(packed)] ^= flip
    with pytest.raises(QueryError):
        list(decode_blocks([bytes(packed)], BOUND))


def test_a_block_that_claims_to_be_huge_is_refused():
    head = bytes(16) + b"\x82" + (100).to_bytes(4, "little") + (1 << 31).to_bytes(4, "little")
    with pytest.raises(QueryError, match="TOO_MANY_BYTES"):
        list(decode_blocks([head], BOUND))


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("gzip, deflate", "gzip"),
        ("gzip;q=0.5, zstd;q=1", "zstd"),
        ("lz4,zstd,br,gzip", "lz4"),
        ("br", None),
        ("", None),
        ("gzip;q=0, deflate", "deflate"),
    ],
)
def test_the_cheapest_accepted_encoding_is_chosen(accepted, chosen):
    assert choose_encoding(accepted) == chosen
