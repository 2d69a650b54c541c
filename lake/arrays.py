"""ShopEvents that were read by column, as Arrow arrays: no value of theirs becomes an object of Python.

``schemas/wire/columns.py`` says where each value lies. Here the texts are gathered from there by Arrow and the numbers
by numpy, and nulls are put between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa

from lake.columns import EVENT_SCHEMA, FIELDS, arrow_field, empty_values
from schemas.codec import load_schema
from schemas.wire.columns import Column, Columns, Integers, Mask

_DEFAULTS: Final = {
    field["name"]: field["default"] for field in load_schema("shop_event")["fields"] if "default" in field
}
_WORD_BYTES: Final = 8
_INTS: Final = tuple(name for name in FIELDS if EVENT_SCHEMA.field(name).type == pa.int32())
_MAPS: Final = tuple(name for name in FIELDS if pa.types.is_map(EVENT_SCHEMA.field(name).type))
_INT_RANGE: Final = np.iinfo(np.int32)


def can_be_read_by_column(writer: Mapping[str, Any]) -> bool:
    """Whether ``event_arrays`` knows each field of a writer's schema, and each that it lacks is null or empty."""
    fields = {field["name"]: field for field in writer["fields"]}
    return all(
        arrow_field(fields[name]) == EVENT_SCHEMA.field(name)
        if name in fields
        else name in _DEFAULTS and _DEFAULTS[name] in (None, [], {})
        for name in FIELDS
    )


def ordinary(columns: Columns) -> Mask:
    """Which of n records ``event_arrays`` reads as any other reader would, (n,)."""
    are = columns.decoded.copy()
    for name in _INTS:
        for column in columns.of(name):
            are[column.rows[(column.numbers < _INT_RANGE.min) | (column.numbers > _INT_RANGE.max)]] = False
    for name in _MAPS:
        are[_with_repeated_keys(columns, name, are)] = False
    return are


def event_arrays(columns: Columns, are: Mask) -> list[pa.Array]:
    """Arrays of the types in EVENT_SCHEMA, (k,) each: the values of the records that are ``ordinary``, in their order.

    Args:
        columns: The fields of n records, whose writer's schema can be read by column.
        are: Which of them are ordinary, (n,); k of them.
    """
    gathering = _Gathering(columns, are)
    return [gathering.field(field) for field in EVENT_SCHEMA]


class _Gathering:
    """Gathers the values of those records of a batch that are ordinary, k of them."""

    def __init__(self, columns: Columns, are: Mask) -> None:
        self._columns = columns
        self._are = are
        self._places = np.cumsum(are) - 1
        self._count = int(are.sum())
        self._are_all = self._count == len(are)

    def field(self, field: pa.Field) -> pa.Array:
        """One field of the events, (k,)."""
        column = _joined([self._kept(column) for column in self._columns.of(field.name)])
        if pa.types.is_list(field.type):
            offsets, entries = self._entries(column, f"{field.name}.{field.type.value_field.type[0].name}")
            children = list(field.type.value_field.type)
            structs = pa.StructArray.from_arrays(
                [self._child(f"{field.name}.{child.name}", child, entries) for child in children], fields=children
            )
            return pa.ListArray.from_arrays(offsets, structs, type=field.type)
        if pa.types.is_map(field.type):
            offsets, entries = self._entries(column, f"{field.name}.key")
            keys, values = (
                self._child(f"{field.name}.{name}", child, entries)
                for name, child in (("key", field.type.key_field), ("value", field.type.item_field))
            )
            return pa.MapArray.from_arrays(offsets, keys, values, type=field.type)
        if not len(column.rows):
            return empty_values(field, self._count)
        return _values(self._columns, column, field.type, column.rows, self._count)

    def _kept(self, column: Column) -> Column:
        """The part of a column that is of ordinary records, its rows counted among these."""
        if self._are_all:
            return column
        kept = _only(column, self._are[column.rows])
        return Column(self._places[kept.rows], kept.starts, kept.sizes, kept.numbers)

    def _entries(self, column: Column, first_field: str) -> tuple[pa.Array, Integers]:
        """Where each event's entries of an array begin among all entries, (k + 1,); where these lie, (entries,)."""
        offsets = np.zeros(self._count + 1, np.int32)
        offsets[column.rows + 1] = column.sizes
        np.cumsum(offsets, out=offsets)
        places = [self._kept(part).starts for part in self._columns.of(first_field)]
        return pa.array(offsets), np.sort(np.concatenate(places)) if places else np.zeros(0, np.int64)

    def _child(self, name: str, field: pa.Field, entries: Integers) -> pa.Array:
        """One field of all entries, (entries,): the last of them that begins before a value is the one that has it."""
        column = _joined([self._kept(part) for part in self._columns.of(name)])
        if not len(column.rows):
            return empty_values(field, len(entries))
        column = _sorted(column)
        rows = np.searchsorted(entries, column.starts, side="right") - 1
        return _values(self._columns, column, field.type, rows, len(entries))


def _sorted(column: Column) -> Column:
    """By where they lie: of one record in the order of its entries."""
    order = np.argsort(column.starts)
    return Column(column.rows[order], column.starts[order], column.sizes[order], column.numbers[order])


def _joined(columns: list[Column]) -> Column:
    if len(columns) == 1:
        return columns[0]
    if not columns:
        nothing = np.zeros(0, np.int64)
        return Column(nothing, nothing, nothing, nothing)
    return Column(
        *(np.concatenate([getattr(c, name) for c in columns]) for name in ("rows", "starts", "sizes", "numbers"))
    )


def _values(columns: Columns, column: Column, kind: pa.DataType, rows: Integers, count: int) -> pa.Array:
    """``count`` values, null but for those of ``column``, which go to ``rows``; sorted by where they lie."""
    if kind == pa.string():
        return _texts(columns.data, column, rows, count)
    if pa.types.is_decimal(kind):
        words = np.zeros((count, 2), np.int64)  # of 16 bytes the lower 8 first; no amount here is below zero
        words[rows, 0] = _unscaled(columns, column)
        return pa.Array.from_buffers(kind, count, [_validity(rows, count), pa.py_buffer(words)])
    numbers = np.zeros(count, np.int32 if kind == pa.int32() else np.int64)
    numbers[rows] = column.numbers
    return pa.Array.from_buffers(kind, count, [_validity(rows, count), pa.py_buffer(numbers)])


def _texts(data: bytes, column: Column, rows: Integers, count: int) -> pa.Array:
    """The texts, gathered by Arrow: in the view of ``data`` every other one of its pieces is a text."""
    bounds = np.full(2 * len(rows) + 1, len(data), np.int64)
    bounds[0:-1:2] = column.starts
    bounds[1::2] = column.starts + column.sizes
    pieces = pa.Array.from_buffers(pa.large_string(), len(bounds) - 1, [None, pa.py_buffer(bounds), pa.py_buffer(data)])
    pieces_of_rows = np.zeros(count, np.int64)
    pieces_of_rows[rows] = np.arange(0, len(bounds) - 1, 2)
    index = pa.Array.from_buffers(pa.int64(), count, [_validity(rows, count), pa.py_buffer(pieces_of_rows)])
    return pieces.take(index).cast(pa.string())


def _unscaled(columns: Columns, column: Column) -> Integers:
    """Amounts of at most 7 bytes, not negative, big-endian: the 8 bytes before their end, cut to their sizes."""
    ends = column.starts + column.sizes
    words = columns.bytes_at(ends[:, None] + np.arange(-_WORD_BYTES, 0)).view(">i8").ravel().astype(np.int64)
    unscaled: Integers = words & ((np.int64(1) << (8 * column.sizes)) - 1)
    return unscaled


def _validity(rows: Integers, count: int) -> pa.Buffer | None:
    """Arrow's bitmap of what is not null; None where nothing is."""
    if len(rows) == count:
        return None
    given = np.zeros(count, np.bool_)
    given[rows] = True
    return pa.py_buffer(np.packbits(given, bitorder="little"))


def _with_repeated_keys(columns: Columns, name: str, are: Mask) -> Integers:
    """Numbers of the records among ``are`` with a map that has a key twice: of such the last entry counts."""
    parts = columns.of(f"{name}.key")
    if len(parts) < 2:
        return np.zeros(0, np.int64)
    column = _sorted(_joined([_only(part, are[part.rows]) for part in parts]))
    count = len(column.rows)
    keys = _texts(columns.data, column, np.arange(count), count).dictionary_encode()
    distinct = len(keys.dictionary) + 1
    pairs = np.sort(column.rows * distinct + keys.indices.to_numpy())
    twice: Integers = pairs[1:][pairs[1:] == pairs[:-1]] // distinct
    return twice


def _only(column: Column, chosen: Mask) -> Column:
    return Column(column.rows[chosen], column.starts[chosen], column.sizes[chosen], column.numbers[chosen])
