"""Codecs of HTTP bodies, both ways, block by block: none holds more than it has to.

Two framings can lie over each other: HTTP's ``Content-Encoding``, and ClickHouse's own blocks (``compress=1``,
``decompress=1``): checksum (16 bytes), method (1), compressed size with this header of 9 (4), size (4), data.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

import lz4.block
import lz4.frame
import zstandard
from clickhouse_cityhash.cityhash import CityHash128  # type: ignore[import-not-found]

from local.clickhouse.errors import ErrorCode, QueryError

BLOCK_BYTES: Final = 1 << 20
_ZSTD_SLICE_BYTES: Final = 4096
"""zstd has no bound for what one call gives; a slice of this size gives 128 MB at the very worst."""

_CHECKSUM_BYTES: Final = 16
_HEADER_BYTES: Final = 9
_METHOD_LZ4: Final = 0x82


class Compressor(Protocol):
    """Turns chunks of a reply into one compressed stream."""

    def compress(self, data: bytes, /) -> bytes:
        """Take a chunk; return what is compressed so far."""

    def flush(self) -> bytes:
        """Give the rest, and the end mark."""


class _Lz4Compressor:
    """lz4's frames under the interface of the others: the first chunk of output holds the header."""

    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._pending: bytes = self._frame.begin()

    def compress(self, data: bytes, /) -> bytes:
        head, self._pending = self._pending, b""
        return head + bytes(self._frame.compress(data))

    def flush(self) -> bytes:
        return self._pending + bytes(self._frame.flush())


_COMPRESSORS: Final[dict[str, Callable[[], Compressor]]] = {
    "lz4": _Lz4Compressor,
    "zstd": lambda: zstandard.ZstdCompressor(level=1).compressobj(),
    "gzip": lambda: zlib.compressobj(3, zlib.DEFLATED, 31),
    "deflate": lambda: zlib.compressobj(3),
}


def choose_encoding(accepted: str) -> str | None:
    """The first encoding we have of those a client accepts (``Accept-Encoding``), cheapest first."""
    offered = {
        part.partition(";")[0].strip().lower() for part in accepted.split(",") if "q=0" not in part.split(";")[1:]
    }
    return next((name for name in _COMPRESSORS if name in offered), None)


def compressor(encoding: str) -> Compressor:
    """A new compressor of an encoding that ``choose_encoding`` gave."""
    return _COMPRESSORS[encoding]()


def decode(encoding: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Undo a ``Content-Encoding``.

    Raises:
        QueryError: The encoding is unknown; or the data are damaged, or end too early.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return iter(chunks)
    if name not in _DECODERS:
        raise QueryError.named(
            ErrorCode.NOT_IMPLEMENTED, f"Unknown Content-Encoding {encoding!r}: use {', '.join(_DECODERS)}"
        )
    return _DECODERS[name](chunks)


def _damaged(what: str, reason: object) -> QueryError:
    return QueryError.named(ErrorCode.CANNOT_DECOMPRESS, f"The {what} body cannot be decompressed: {reason}")


def _decode_zlib(name: str, window_bits: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    stream = zlib.decompressobj(window_bits)
    started = False
    for chunk in chunks:
        data = chunk
        while data:
            if stream.eof:
                stream = zlib.decompressobj(window_bits)
            started = True
            try:
                yield stream.decompress(data, BLOCK_BYTES)
            except zlib.error as error:
                raise _damaged(name, error) from None
            data = stream.unused_data if stream.eof else stream.unconsumed_tail
    while started and not stream.eof:
        rest = stream.decompress(b"", BLOCK_BYTES)
        if not rest:
            raise _damaged(name, "it ends too early")
        yield rest


def _decode_lz4(chunks: Iterable[bytes]) -> Iterator[bytes]:
    stream = lz4.frame.LZ4FrameDecompressor()
    started = False
    for chunk in chunks:
        data: bytes | None = chunk
        while data or not (stream.eof or stream.needs_input):
            if stream.eof:
                stream = lz4.frame.LZ4FrameDecompressor()
            started = True
            try:
                yield stream.decompress(data or b"", BLOCK_BYTES)
            except RuntimeError as error:
                raise _damaged("lz4", error) from None
            data = stream.unused_data if stream.eof else None
    if started and not stream.eof:
        raise _damaged("lz4", "it ends too early")


def _decode_zstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    codec = zstandard.ZstdDecompressor()
    stream = codec.decompressobj()
    started = False
    for chunk in chunks:
        for start in range(0, len(chunk), _ZSTD_SLICE_BYTES):
            data = chunk[start : start + _ZSTD_SLICE_BYTES]
            while data:
                if stream.eof:
                    stream = codec.decompressobj()
                started = True
                try:
                    yield stream.decompress(data)
                except zstandard.ZstdError as error:
                    raise _damaged("zstd", error) from None
                data = stream.unused_data if stream.eof else b""
    if started and not stream.eof:
        raise _damaged("zstd", "it ends too early")


_DECODERS: Final[dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]]] = {
    "gzip": lambda chunks: _decode_zlib("gzip", 31, chunks),
    "deflate": lambda chunks: _decode_zlib("deflate", zlib.MAX_WBITS, chunks),
    "zstd": _decode_zstd,
    "lz4": _decode_lz4,
}


def _checksum(block: bytes) -> bytes:
    value: int = CityHash128(block)
    return (value >> 64).to_bytes(8, "little") + (value & ((1 << 64) - 1)).to_bytes(8, "little")


def encode_blocks(data: bytes) -> bytes:
    """``data`` in ClickHouse's own blocks, lz4."""
    blocks = []
    for start in range(0, len(data), BLOCK_BYTES):
        raw = data[start : start + BLOCK_BYTES]
        packed = lz4.block.compress(raw, store_size=False)  # type: ignore[attr-defined]
        sizes = (len(packed) + _HEADER_BYTES).to_bytes(4, "little") + len(raw).to_bytes(4, "little")
        block = bytes([_METHOD_LZ4]) + sizes + packed
        blocks += [_checksum(block), block]
    return b"".join(blocks)


def decode_blocks(chunks: Iterable[bytes], max_block_bytes: int) -> Iterator[bytes]:
    """Undo ClickHouse's own blocks.

    Raises:
        QueryError: A block's checksum is wrong, its method unknown, its size beyond the bound, or its end missing.
    """
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= _CHECKSUM_BYTES + _HEADER_BYTES:
            end = _CHECKSUM_BYTES + int.from_bytes(buffer[17:21], "little")
            if max(end, int.from_bytes(buffer[21:25], "little")) > max_block_bytes:
                raise QueryError.named(ErrorCode.TOO_MANY_BYTES, f"A compressed block exceeds {max_block_bytes} bytes")
            if len(buffer) < end:
                break
            yield _open_block(bytes(buffer[:_CHECKSUM_BYTES]), bytes(buffer[_CHECKSUM_BYTES:end]))
            del buffer[:end]
    if buffer:
        raise _damaged("native", "it ends too early")


def _open_block(checksum: bytes, block: bytes) -> bytes:
    if len(block) < _HEADER_BYTES or _checksum(block) != checksum:
        raise QueryError.named(ErrorCode.CHECKSUM_DOESNT_MATCH, "A compressed block's checksum does not match")
    size, data = int.from_bytes(block[5:9], "little"), block[_HEADER_BYTES:]
    try:
        match block[0]:
            case 0x02:
                return data
            case 0x82:
                return bytes(lz4.block.decompress(data, uncompressed_size=size))  # type: ignore[attr-defined]
            case 0x90:
                return zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
    except (lz4.block.LZ4BlockError, zstandard.ZstdError) as error:  # type: ignore[attr-defined]
        raise _damaged("native", error) from None
    raise QueryError.named(ErrorCode.UNKNOWN_COMPRESSION_METHOD, f"Unknown compression method {block[0]:#x}")
