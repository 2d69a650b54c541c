"""Reads many ShopEvents at once, one field of all of them after the other: Avro's binary encoding by numpy.

Each record lies somewhere else, but all were written with one schema, so their next fields are of one type and can be
read together. It costs a twentieth of reading them one by one. Only what it reads to the end of a record counts:
what is out of the ordinary in any way (a number of many bytes, a hundred lines in one order, bytes that follow no
schema) it leaves to ``records.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from schemas.validation import MAX_AMOUNT
from schemas.wire.records import NULL, VALUE, UnsupportedSchema

Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

MAX_LONG_BYTES: Final = 7
MAX_INT_BYTES: Final = 5
MAX_LENGTH_BYTES: Final = 2
MAX_ENTRIES: Final = 64
_CONTINUES: Final = 0x80


@dataclass(frozen=True, slots=True)
class Column:
    """One field of the records that have it.

    Attributes:
        rows: Numbers of these records, (k,).
        starts: Where it begins in ``Columns.data``, behind its length if it has one, (k,).
        sizes: Of a string or an amount its bytes, of an array or a map its entries, of a number 1, (k,).
        numbers: The numbers, (k,); no use for other types.
    """

    rows: Integers
    starts: Integers
    sizes: Integers
    numbers: Integers


@dataclass(slots=True)
class Columns:
    """The fields of a batch of n records.

    Attributes:
        data: The records, one behind the other.
        begins: Where each of them begins, (n,).
        ends: Where each of them ends, (n,).
        decoded: Which of them were decoded without fault and to their end, (n,).
        is_ascii: In which of them all text is ASCII, (n,).
        fields: Each field of the schema by its name; those of an array's entries behind the array's name and a dot,
            a column for each place in the array.
    """

    data: bytes
    begins: Integers
    ends: Integers
    decoded: Mask
    is_ascii: Mask
    fields: dict[str, list[Column]] = field(default_factory=dict)

    def add(self, name: str, rows: Integers, starts: Integers, sizes: Integers, numbers: Integers) -> None:
        """Add one more column of a field."""
        self.fields.setdefault(name, []).append(Column(rows, starts, sizes, numbers))

    def of(self, name: str) -> list[Column]:
        """The columns of a field: none, one, or for a field of an array's entries one for each place in the array."""
        return self.fields.get(name, [])

    def texts(self, rows: Integers, starts: Integers, sizes: Integers) -> list[str]:
        """A string field of some records that are decoded, (k,) each."""
        ends = starts + sizes
        characters = self.data.decode("latin-1")
        texts = [characters[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        for place in np.flatnonzero(~self.is_ascii[rows]).tolist():
            texts[place] = self.data[starts[place] : ends[place]].decode()
        return texts

    def bytes_at(self, positions: Integers) -> Bytes:
        """The bytes at these places."""
        return np.frombuffer(self.data, np.uint8).take(positions, mode="clip")


class ColumnReader:
    """Reads batches of records of one writer's schema.

    Args:
        schema: The writer's schema, as RecordReader takes it.

    Raises:
        UnsupportedSchema: It has other types than those of a ShopEvent.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        self._read = _record_reader(schema, "")

    def __call__(self, values: Sequence[bytes], skipped: int) -> Columns:
        """The columns of some records.

        Args:
            values: They, one at least and none without a byte.
            skipped: How many bytes lie in front of each.
        """
        cursor = Cursor(values, skipped)
        columns = Columns(cursor.data, cursor.begins, cursor.ends, cursor.decoded, cursor.is_ascii)
        self._read(cursor, np.arange(len(values)), columns)
        cursor.finish()
        return columns


class Cursor:
    """How far each record of a batch has been read.

    Args:
        values: The records.
        skipped: Where in each of them reading begins.
    """

    def __init__(self, values: Sequence[bytes], skipped: int) -> None:
        lengths = np.fromiter(map(len, values), np.int64, len(values))
        self.ends = np.cumsum(lengths)
        self.begins = self.ends - lengths
        self.position = self.begins + skipped
        self.decoded = self.position <= self.ends
        self.is_ascii = np.ones_like(self.decoded)
        self.data = b"".join((*values, b"\0"))
        self._bytes: Bytes = np.frombuffer(self.data, np.uint8)
        self._text = self._bytes.copy()
        """The same, with zeros for what is no text."""

    def byte(self, rows: Integers) -> Bytes:
        """The next byte of each of these records."""
        next_bytes = self._bytes.take(self.position[rows], mode="clip")
        self.position[rows] += 1
        return next_bytes

    def number(self, rows: Integers, max_bytes: int) -> Integers:
        """The next zigzag variable-length integer."""
        number = self.byte(rows).astype(np.int64)
        longer = np.flatnonzero(number >= _CONTINUES)
        if longer.size:
            number[longer] = self._rest(rows[longer], number[longer], max_bytes)
        return (number >> 1) ^ -(number & 1)

    def length(self, rows: Integers, max_bytes: int = MAX_LENGTH_BYTES) -> Integers:
        """The next number, which must not be negative."""
        length = self.number(rows, max_bytes)
        wrong = length < 0
        if wrong.any():
            self.leave(rows[wrong])
            length[wrong] = 0
        return length

    def skip(self, rows: Integers, lengths: Integers) -> None:
        """Go on by so many bytes."""
        self.position[rows] += lengths

    def leading_bytes(self, rows: Integers, lengths: Integers, most: int) -> Bytes:
        """The next byte of each, and go on by ``lengths``, at the most ``most``, bytes that are no text."""
        position = self.position[rows]
        for place in range(most):
            reached = np.flatnonzero(lengths > place)
            if not reached.size:
                break
            self._blank(rows[reached], position[reached] + place)
        self.position[rows] += lengths
        return self._bytes.take(position, mode="clip")

    def leave(self, rows: Integers) -> None:
        """Leave these records to the one-by-one decoder."""
        self.decoded[rows] = False

    def finish(self) -> None:
        """Leave what did not end where it should, and what is no UTF-8.

        Between two strings there is a length, and what is no text has been blanked: so a record is UTF-8 as a whole if
        each of its strings is.
        """
        self.decoded &= self.position == self.ends
        self.is_ascii[:] = np.maximum.reduceat(self._text, self.begins) < _CONTINUES
        for row in np.flatnonzero(self.decoded & ~self.is_ascii).tolist():
            if not _is_utf8(self._text[self.begins[row] : self.ends[row]].tobytes()):
                self.decoded[row] = False

    def _rest(self, rows: Integers, first: Integers, max_bytes: int) -> Integers:
        """Numbers whose first byte does not end them."""
        number = first & ~_CONTINUES
        unended = np.arange(len(rows))
        self._blank(rows, self.position[rows] - 1)
        for place in range(1, max_bytes):
            byte = self.byte(rows[unended])
            number[unended] |= (byte & ~np.uint8(_CONTINUES)).astype(np.int64) << (7 * place)
            unended = unended[byte >= _CONTINUES]
            if not unended.size:
                return number
            self._blank(rows[unended], self.position[rows[unended]] - 1)
        self.leave(rows[unended])
        return number

    def _blank(self, rows: Integers, positions: Integers) -> None:
        """Of each record the byte there is no text; what lies behind its end is not its own."""
        own = positions < self.ends[rows]
        self._text[positions if own.all() else positions[own]] = 0


Read = Callable[[Cursor, Integers, Columns], None]
"""Reads one field of these records into the columns."""


def _record_reader(schema: dict[str, Any], prefix: str) -> Read:
    readers = [_field_reader(field["type"], prefix + field["name"]) for field in schema["fields"]]

    def read(cursor: Cursor, rows: Integers, columns: Columns) -> None:
        for reader in readers:
            reader(cursor, rows, columns)

    return read


def _field_reader(avro: Any, name: str) -> Read:
    match avro:
        case ["null", inner]:
            return _optional_reader(_field_reader(inner, name))
        case "string":
            return _string_reader(name)
        case "long" | {"type": "long", "logicalType": "timestamp-millis"}:
            return _number_reader(name, MAX_LONG_BYTES)
        case "int":
            return _number_reader(name, MAX_INT_BYTES)
        case {"type": "bytes", "logicalType": "decimal", "scale": scale}:
            return _amount_reader(name, scale)
        case {"type": "array", "items": {"type": "record"} as item}:
            return _blocks_reader(name, _record_reader(item, f"{name}."))
        case {"type": "map", "values": values}:
            entry = {"fields": [{"name": "key", "type": "string"}, {"name": "value", "type": values}]}
            return _blocks_reader(name, _record_reader(entry, f"{name}."))
        case _:
            message = f"no field of a ShopEvent is of type {avro!r}"
            raise UnsupportedSchema(message)


def _optional_reader(read_value: Read) -> Read:
    def read(cursor: Cursor, rows: Integers, columns: Columns) -> None:
        branch = cursor.byte(rows)
        given = np.flatnonzero(branch)
        if not given.size:
            return
        is_value = branch[given] == VALUE
        if not is_value.all():
            cursor.leave(rows[given[~is_value]])
            given = given[is_value]
        read_value(cursor, rows[given], columns)

    assert NULL == 0
    return read


def _string_reader(name: str) -> Read:
    def read(cursor: Cursor, rows: Integers, columns: Columns) -> None:
        lengths = cursor.length(rows)
        columns.add(name, rows, cursor.position[rows], lengths, lengths)
        cursor.skip(rows, lengths)

    return read


def _number_reader(name: str, max_bytes: int) -> Read:
    def read(cursor: Cursor, rows: Integers, columns: Columns) -> None:
        starts = cursor.position[rows]
        columns.add(name, rows, starts, np.ones_like(rows), cursor.number(rows, max_bytes))

    return read


def _amount_reader(name: str, scale: int) -> Read:
    """Amounts from 0 to what is below MAX_AMOUNT for certain; others are left."""
    most = next(size for size in range(16, 0, -1) if 1 << (8 * size - 1) <= MAX_AMOUNT.scaleb(scale))

    def read(cursor: Cursor, rows: Integers, columns: Columns) -> None:
        lengths = cursor.length(rows)
        columns.add(name, rows, cursor.position[rows], lengths, lengths)
        first = cursor.leading_bytes(rows, lengths, most)
        wrong = (lengths < 1) | (lengths > most) | (first >= _CONTINUES)
        cursor.leave(rows[wrong])

    return read


def _blocks_reader(name: str, read_entry: Read) -> Read:
    """An array or a map: blocks of entries, in one block as writers do it, ended by an empty one."""

    def read(cursor: Cursor, rows: Integers, columns: Columns) -> None:
        counts = cursor.length(rows)
        columns.add(name, rows, cursor.position[rows], counts, counts)
        some = np.flatnonzero(counts)
        if not some.size:
            return
        rows, left = rows[some], counts[some]
        cursor.leave(rows[left > MAX_ENTRIES])
        for entry in range(min(int(left.max()), MAX_ENTRIES)):
            read_entry(cursor, rows[left > entry], columns)
        cursor.leave(rows[cursor.length(rows) != 0])

    return read


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
