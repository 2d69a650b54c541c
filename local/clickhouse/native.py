"""Blocks of the format Native in the form that ``client_protocol_version`` asks for.

The engine writes Native as of version 0: no information before a block, no mark of a column's serialization, and
``DateTime`` without its zone. A server writes what the client's version has, and clients read their version's form
without looking. So the engine is told to write types in binary, which have everything, and each block is written anew
around the columns' data, which are the same in all versions. Where a column's data end shows only to who reads them.

Forms are those of ClickHouse's ``NativeWriter`` and of its page on binary encoding of data types.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from local.clickhouse.errors import ErrorCode, QueryError
from local.clickhouse.statements import quote_identifier, quote_string

BINARY_TYPES: Final = "output_format_native_encode_types_in_binary_format"
"""The setting by which the engine writes types in binary."""

OLDEST_VERSION: Final = 54405
"""From here on clients know LowCardinality. None of today's says that it is older."""
_WITH_CUSTOM_SERIALIZATION: Final = 54454

_BLOCK_INFO: Final = b"\x01\x00\x02\xff\xff\xff\xff\x00"
"""No overflow row, no bucket of an aggregation."""

_Walk = Callable[["_Reader", int], None]


def _no_prefix(_: _Reader) -> None:
    """Most types have none."""


@dataclass(frozen=True)
class _Type:
    """A column's type.

    Attributes:
        name: As SQL writes it.
        walk: Passes over the data of so many rows.
        walk_prefix: Passes over what comes once before a column's data.
        not_null: Of a Nullable, the type of its values.
    """

    name: str
    walk: _Walk
    walk_prefix: Callable[[_Reader], None] = _no_prefix
    not_null: _Type | None = None


class _Reader:
    """A position in the engine's output, and what was written in its place so far.

    What is passed over is kept as it is, but for what ``insert`` and ``replace`` put there.
    """

    def __init__(self, data: bytes, *, binary_types: bool) -> None:
        self.data = data
        self.position = 0
        self.binary_types = binary_types
        self._parts: list[bytes] = []
        self._kept_from = 0

    def insert(self, data: bytes) -> None:
        self.replace(self.position, data)

    def replace(self, start: int, data: bytes) -> None:
        """Let ``data`` stand for what was passed over since ``start``."""
        self._parts += [self.data[self._kept_from : start], data]
        self._kept_from = self.position

    def written(self) -> bytes:
        """All of it; the position must be at the end."""
        self.insert(b"")
        return b"".join(self._parts)

    def skip(self, size: int) -> None:
        self.position += size

    def byte(self) -> int:
        self.position += 1
        return self.data[self.position - 1]

    def take(self, size: int) -> bytes:
        self.position += size
        return self.data[self.position - size : self.position]

    def integer(self, size: int, *, signed: bool = False) -> int:
        return int.from_bytes(self.take(size), "little", signed=signed)

    def varint(self) -> int:
        value = shift = 0
        while (byte := self.byte()) >= 128:
            value |= (byte & 127) << shift
            shift += 7
        return value | byte << shift

    def text(self) -> str:
        return self.take(self.varint()).decode(errors="surrogateescape")

    def skip_strings(self, rows: int) -> None:
        data, position = self.data, self.position
        for _ in range(rows):  # each string says where the next begins: nothing but a loop finds the end
            length = data[position]
            position += 1
            if length >= 128:
                self.position = position - 1
                length = self.varint()
                position = self.position
            position += length
        self.position = position


def convert(data: bytes, version: int, *, binary_types: bool = False) -> bytes:
    """Whole blocks with types in binary, as a server writes them to a client of that version.

    Args:
        data: The engine's output.
        version: The client's ``client_protocol_version``; 0 if it names none.
        binary_types: Whether the client wants types in binary as well.

    Raises:
        QueryError: A column's type has no end that can be found: AggregateFunction, and what this module does not know.
    """
    reader = _Reader(data, binary_types=binary_types)
    try:
        while reader.position < len(data):
            _convert_block(reader, version)
    except IndexError:
        reader.position = -1
    if reader.position != len(data):
        raise QueryError.named(ErrorCode.CANNOT_READ_ALL_DATA, "A block of the engine does not have the expected form")
    return reader.written()


def _convert_block(reader: _Reader, version: int) -> None:
    if version:
        reader.insert(_BLOCK_INFO)
    columns, rows = reader.varint(), reader.varint()
    for _ in range(columns):
        reader.skip_strings(1)
        kind = _convert_type(reader)
        if version >= _WITH_CUSTOM_SERIALIZATION:
            reader.insert(b"\x00")
        if rows:
            kind.walk_prefix(reader)
            kind.walk(reader, rows)


def _convert_type(reader: _Reader) -> _Type:
    start = reader.position
    kind = _read_type(reader)
    if not reader.binary_types:
        reader.replace(start, _string(kind.name))
    return kind


def _string(text: str) -> bytes:
    data = text.encode(errors="surrogateescape")
    length, left = bytearray(), len(data)
    while left >= 128:
        length.append(left & 127 | 128)
        left >>= 7
    length.append(left)
    return bytes(length) + data


def _fixed(name: str, size: int) -> _Type:
    return _Type(name, lambda reader, rows: reader.skip(rows * size))


def _renamed(name: str, kind: _Type) -> _Type:
    return _Type(name, kind.walk, kind.walk_prefix)


def _array(item: _Type) -> _Type:
    def walk(reader: _Reader, rows: int) -> None:
        if rows:
            reader.skip((rows - 1) * 8)
            item.walk(reader, reader.integer(8))

    return _Type(f"Array({item.name})", walk, item.walk_prefix)


def _nullable(item: _Type) -> _Type:
    def walk(reader: _Reader, rows: int) -> None:
        reader.skip(rows)
        item.walk(reader, rows)

    return _Type(f"Nullable({item.name})", walk, item.walk_prefix, not_null=item)


def _row_of(name: str, items: Sequence[_Type]) -> _Type:
    """Columns one after the other: a tuple's, or a JSON's."""

    def walk(reader: _Reader, rows: int) -> None:
        for item in items:
            item.walk(reader, rows)

    def walk_prefix(reader: _Reader) -> None:
        for item in items:
            item.walk_prefix(reader)

    return _Type(name, walk, walk_prefix)


def _low_cardinality(item: _Type) -> _Type:
    keys = item.not_null or item  # the dictionary's first value stands for NULL

    def walk(reader: _Reader, rows: int) -> None:
        left = rows
        while left > 0:
            flags = reader.integer(8)
            if flags & 0x100:
                raise _refused("LowCardinality with a dictionary of all blocks")
            if flags & 0x200:
                keys.walk(reader, reader.integer(8))
            count = reader.integer(8)
            reader.skip(count << (flags & 0xFF))
            left -= max(count, 1)

    return _Type(f"LowCardinality({item.name})", walk, lambda reader: reader.skip(8))


def _variant(items: Sequence[_Type]) -> _Type:
    def walk_prefix(reader: _Reader) -> None:
        if reader.integer(8) != 0:
            raise _refused("Variant in compact form")
        for item in items:
            item.walk_prefix(reader)

    def walk(reader: _Reader, rows: int) -> None:
        numbers = reader.take(rows)
        for number, item in enumerate(items):
            item.walk(reader, numbers.count(number))

    return _Type(f"Variant({', '.join(item.name for item in items)})", walk, walk_prefix)


class _Dynamic:
    """One column of type Dynamic: which types it holds comes with its data."""

    def __init__(self) -> None:
        self._values = _variant(())

    def walk_prefix(self, reader: _Reader) -> None:
        version = reader.integer(8)
        if version not in (1, 2):
            raise _refused("Dynamic in another form than the default")
        if version == 1:
            reader.varint()
        kinds = [_convert_type(reader) for _ in range(reader.varint())]
        self._values = _variant(sorted([*kinds, _renamed("SharedVariant", _STRING)], key=lambda kind: kind.name))
        self._values.walk_prefix(reader)

    def walk(self, reader: _Reader, rows: int) -> None:
        self._values.walk(reader, rows)


def _dynamic(name: str) -> _Type:
    column = _Dynamic()
    return _Type(name, column.walk, column.walk_prefix)


class _Json:
    """One column of type JSON: its declared paths, then those that its data have, then what is left."""

    def __init__(self, declared: Sequence[_Type]) -> None:
        self._declared = declared
        self._columns = _row_of("JSON", ())

    def walk_prefix(self, reader: _Reader) -> None:
        version = reader.integer(8)
        if version not in (0, 2):
            raise _refused("JSON in another form than the default")
        if version == 0:
            reader.varint()
        paths = reader.varint()
        reader.skip_strings(paths)
        columns = [*self._declared, *(_dynamic("Dynamic") for _ in range(paths))]
        self._columns = _row_of("JSON", [*columns, _array(_row_of("", (_STRING, _STRING)))])
        self._columns.walk_prefix(reader)

    def walk(self, reader: _Reader, rows: int) -> None:
        self._columns.walk(reader, rows)


def _refused(what: str) -> QueryError:
    return QueryError.named(
        ErrorCode.NOT_IMPLEMENTED,
        f"A column of type {what} cannot be written in Native for a client_protocol_version: "
        "convert it in the query (finalizeAggregation, toString), or ask for another format",
    )


_STRING: Final = _Type("String", _Reader.skip_strings)
_POINT: Final = _row_of("Point", (_fixed("Float64", 8), _fixed("Float64", 8)))
_RING: Final = _renamed("Ring", _array(_POINT))
_LINE: Final = _renamed("LineString", _array(_POINT))
_POLYGON: Final = _renamed("Polygon", _array(_RING))
_CUSTOM: Final = {
    kind.name: kind
    for kind in (
        _POINT,
        _RING,
        _LINE,
        _POLYGON,
        _renamed("MultiLineString", _array(_LINE)),
        _renamed("MultiPolygon", _array(_POLYGON)),
    )
}
_INTERVALS: Final = (
    "Nanosecond",
    "Microsecond",
    "Millisecond",
    "Second",
    "Minute",
    "Hour",
    "Day",
    "Week",
    "Month",
    "Quarter",
    "Year",
)
_SIMPLE: Final = {
    0x00: _fixed("Nothing", 1),
    0x01: _fixed("UInt8", 1),
    0x02: _fixed("UInt16", 2),
    0x03: _fixed("UInt32", 4),
    0x04: _fixed("UInt64", 8),
    0x05: _fixed("UInt128", 16),
    0x06: _fixed("UInt256", 32),
    0x07: _fixed("Int8", 1),
    0x08: _fixed("Int16", 2),
    0x09: _fixed("Int32", 4),
    0x0A: _fixed("Int64", 8),
    0x0B: _fixed("Int128", 16),
    0x0C: _fixed("Int256", 32),
    0x0D: _fixed("Float32", 4),
    0x0E: _fixed("Float64", 8),
    0x0F: _fixed("Date", 2),
    0x10: _fixed("Date32", 4),
    0x11: _fixed("DateTime", 4),
    0x15: _STRING,
    0x1D: _fixed("UUID", 16),
    0x28: _fixed("IPv4", 4),
    0x29: _fixed("IPv6", 16),
    0x2D: _fixed("Bool", 1),
    0x31: _fixed("BFloat16", 2),
    0x32: _fixed("Time", 4),
}


def _read_type(reader: _Reader) -> _Type:
    code = reader.byte()
    if (simple := _SIMPLE.get(code)) is not None:
        return simple
    match code:
        case 0x12:
            return _fixed(f"DateTime({quote_string(reader.text())})", 4)
        case 0x13:
            return _fixed(f"DateTime64({reader.byte()})", 8)
        case 0x14:
            return _fixed(f"DateTime64({reader.byte()}, {quote_string(reader.text())})", 8)
        case 0x16:
            size = reader.varint()
            return _fixed(f"FixedString({size})", size)
        case 0x17 | 0x18:
            return _read_enum(reader, code - 0x16)
        case 0x19 | 0x1A | 0x1B | 0x1C:
            return _fixed(f"Decimal({reader.byte()}, {reader.byte()})", 4 << (code - 0x19))
        case 0x1E:
            return _array(_read_type(reader))
        case 0x1F | 0x20 | 0x2F:
            return _read_row(reader, code)
        case 0x22:
            return _fixed(f"Interval{_INTERVALS[reader.byte()]}", 8)
        case 0x23:
            return _nullable(_read_type(reader))
        case 0x26:
            return _low_cardinality(_read_type(reader))
        case 0x27:
            key, value = _read_type(reader), _read_type(reader)
            return _renamed(f"Map({key.name}, {value.name})", _array(_row_of("", (key, value))))
        case 0x2A:
            return _variant([_read_type(reader) for _ in range(reader.varint())])
        case 0x2B:
            limit = reader.byte()
            return _dynamic("Dynamic" if limit == 32 else f"Dynamic(max_types={limit})")
        case 0x2C:
            return _read_custom(reader)
        case 0x2E:
            return _read_simple_aggregate(reader)
        case 0x30:
            return _read_json(reader)
        case 0x34:
            return _fixed(f"Time64({reader.byte()})", 8)
    raise _refused("AggregateFunction" if code == 0x25 else f"number {code:#x}")


def _read_enum(reader: _Reader, size: int) -> _Type:
    values = (f"{quote_string(reader.text())} = {reader.integer(size, signed=True)}" for _ in range(reader.varint()))
    return _fixed(f"Enum{size * 8}({', '.join(values)})", size)


def _read_row(reader: _Reader, code: int) -> _Type:
    items: list[_Type] = []
    names: list[str] = []
    for _ in range(reader.varint()):
        prefix = "" if code == 0x1F else _identifier(reader.text()) + " "
        items.append(_read_type(reader))
        names.append(prefix + items[-1].name)
    if not items:
        return _fixed("Tuple()", 1)
    if code == 0x2F:
        return _renamed(f"Nested({', '.join(names)})", _array(_row_of("", items)))
    return _row_of(f"Tuple({', '.join(names)})", items)


def _read_custom(reader: _Reader) -> _Type:
    name = reader.text()
    if name not in _CUSTOM:
        raise _refused(name)
    return _CUSTOM[name]


def _read_simple_aggregate(reader: _Reader) -> _Type:
    function = reader.text()
    if reader.varint():
        raise _refused("SimpleAggregateFunction with parameters")
    items = [_read_type(reader) for _ in range(reader.varint())]
    return _renamed(f"SimpleAggregateFunction({', '.join([function, *(item.name for item in items)])})", items[0])


def _read_json(reader: _Reader) -> _Type:
    reader.byte()
    max_paths, max_types = reader.varint(), reader.byte()
    declared = {reader.text(): _read_type(reader) for _ in range(reader.varint())}
    skipped = [f"SKIP {_path(reader.text())}" for _ in range(reader.varint())]
    skipped += [f"SKIP REGEXP {quote_string(reader.text())}" for _ in range(reader.varint())]
    limits = [f"max_dynamic_types={max_types}"] if max_types != 32 else []
    limits += [f"max_dynamic_paths={max_paths}"] if max_paths != 1024 else []
    ordered = sorted(declared.items())
    arguments = [*limits, *(f"{_path(path)} {kind.name}" for path, kind in ordered), *skipped]
    column = _Json([kind for _, kind in ordered])
    return _Type(f"JSON({', '.join(arguments)})" if arguments else "JSON", column.walk, column.walk_prefix)


def _identifier(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) else quote_identifier(name)


def _path(path: str) -> str:
    return ".".join(map(_identifier, path.split(".")))
