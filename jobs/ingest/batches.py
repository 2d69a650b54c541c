"""Decides on many records at once, each as ``IngestRules`` would.

The ordinary ones, nearly all, are read and checked by column. Only a record that is certain to be accepted is decided
on here; every other one is given to ``IngestRules``, which alone refuses a record and says why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Final, assert_never

import numpy as np
import numpy.typing as npt

from jobs.ingest.decoder import EventDecoder, EventSchema
from jobs.ingest.rules import AgeLimits, IngestRules
from schemas.codec import HEADER_BYTES
from schemas.event_types import ALIASES, EVENT_TYPES
from schemas.failures import Failure
from schemas.validation import (
    CONSTRAINTS,
    ITEM_CONSTRAINTS,
    MAX_ID_LENGTH,
    Amount,
    Code,
    Constraint,
    Identifier,
    OneOf,
    WholeNumber,
    required_fields,
)
from schemas.wire.columns import Column, Columns, Integers, Mask

FEWEST: Final = 64

_NAMES: Final = (*EVENT_TYPES, *ALIASES)
_CODES: Final = {name.encode(): code for code, name in enumerate(_NAMES)}
"""Every name of an event type, canonical ones first, as a number."""

_UNKNOWN: Final = -1
_CANONICAL: Final = len(EVENT_TYPES)
"""The first code that is an alias's."""

_KINDS: Final = tuple(EVENT_TYPES[ALIASES.get(name, name)] for name in _NAMES)
_REQUIRED: Final = {
    name: np.array([name in required_fields(kind) for kind in _KINDS])
    for name in dict.fromkeys(name for kind in _KINDS for name in required_fields(kind))
}
"""Which types require a field, for each that some type requires: (names,) bool."""

_IS: Final = {name: np.array([kind.name == name for kind in _KINDS]) for name in EVENT_TYPES}
"""Which names are of a type, for each type: (names,) bool."""

_CONSTRAINTS: Final = CONSTRAINTS | {f"items.{name}": constraint for name, constraint in ITEM_CONSTRAINTS.items()}

_LAST_BLANK: Final = 0x3000
_BLANK: Final = np.isin(np.arange(256), [chr(n).encode()[0] for n in range(_LAST_BLANK + 1) if chr(n).isspace()])
"""Which bytes may be the first of a blank in UTF-8: (256,) bool."""

_USUAL_DIGITS: Final = 13
_MOST_DIGITS: Final = 18
_NEVER: Final = -(2**62)
"""Stands for a time that is none: no age is allowed then."""

Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Records:
    """A batch of n records, as they come from Kafka.

    Attributes:
        values: The values.
        timestamps_ms: Their Kafka timestamps.
        received_at: Their headers ``shop-received-at``.
    """

    values: Sequence[bytes | None]
    timestamps_ms: Sequence[int]
    received_at: Sequence[bytes | None]


class Decisions:
    """What becomes of n records; all are (n,) object, None where there is nothing to say.

    Attributes:
        event_ids: What makes a record that counts unique.
        keys: Its key in ``events``; of a record that is refused, the user whom it names.
        rewritten: Its bytes where they had to be changed.
        reasons: Why a record is refused.
        messages: The same for a person.
    """

    def __init__(self, count: int) -> None:
        self.event_ids: Texts = np.full(count, None, object)
        self.keys: Texts = np.full(count, None, object)
        self.rewritten: Texts = np.full(count, None, object)
        self.reasons: Texts = np.full(count, None, object)
        self.messages: Texts = np.full(count, None, object)


class BatchRules:
    """Decides on batches of records.

    Args:
        decoder: Knows the schemas.
        limits: Bounds on an event's age.
        fewest: Of fewer records of one schema each is decided on by itself: numpy's calls would cost more than they
            save.
    """

    def __init__(self, decoder: EventDecoder, limits: AgeLimits, fewest: int = FEWEST) -> None:
        self._rules = IngestRules(decoder, limits)
        self._decoder = decoder
        self._limits = limits
        self._fewest = fewest

    def decide(self, records: Records) -> Decisions:
        """What becomes of each record.

        Raises:
            RegistryUnavailable: The schema registry cannot be asked; ask again later.
        """
        decisions = Decisions(len(records.values))
        is_open = np.ones(len(records.values), np.bool_)
        received_ms = _received_ms(records)
        for schema, rows in self._ordinary(records.values):
            values = [value for row in rows if (value := records.values[row]) is not None]
            numbers = np.array(rows)
            batch = _Batch(schema.read_columns(values, HEADER_BYTES), received_ms[numbers])
            is_open[self._accept(batch, numbers, decisions)] = False
        for row in np.flatnonzero(is_open).tolist():
            self._decide(records, row, decisions)
        return decisions

    def _ordinary(self, values: Sequence[bytes | None]) -> Iterator[tuple[EventSchema, list[int]]]:
        """The numbers of the records that are framed, by the schema they were written with."""
        framed: defaultdict[bytes, list[int]] = defaultdict(list)
        for row, value in enumerate(values):
            if value:
                framed[value[:HEADER_BYTES]].append(row)
        for frame, rows in framed.items():
            if len(rows) < self._fewest:
                continue
            schema = self._decoder.schema_of(frame)
            if isinstance(schema, EventSchema) and schema.lacks_only_nulls:
                yield schema, rows

    def _accept(self, batch: _Batch, numbers: Integers, decisions: Decisions) -> Integers:
        """Decide on those records of ``batch`` that are certain to be accepted; their ``numbers``."""
        rows = np.flatnonzero(batch.acceptable(self._limits))
        accepted: Integers = numbers[rows]
        decisions.event_ids[accepted] = batch.event_ids(rows)
        decisions.keys[accepted] = batch.keys(rows)
        aliases = rows[batch.codes[rows] >= _CANONICAL]
        for number, renamed in zip(numbers[aliases].tolist(), batch.renamed(aliases), strict=True):
            decisions.rewritten[number] = renamed
        return accepted

    def _decide(self, records: Records, row: int, decisions: Decisions) -> None:
        decision = self._rules.decide(records.values[row], records.timestamps_ms[row], records.received_at[row])
        if isinstance(decision, Failure):
            decisions.reasons[row] = decision.reason.value
            decisions.messages[row] = decision.message
            decisions.keys[row] = decision.user_id or None
        else:
            decisions.event_ids[row] = decision.event_id
            decisions.keys[row] = decision.key
            decisions.rewritten[row] = decision.rewritten


class _Batch:
    """Records of one schema, n of them, and which of them are certain to be accepted.

    Args:
        columns: The records.
        received_ms: When each was received, _NEVER where nobody can tell, (n,).
    """

    def __init__(self, columns: Columns, received_ms: Integers) -> None:
        self._columns = columns
        self._received_ms = received_ms
        self._acceptable = columns.decoded
        self._name_starts, self._name_sizes = self._spans("event_type")
        self.codes = self._codes()

    def acceptable(self, limits: AgeLimits) -> Mask:
        """Which records ``check_event`` and ``check_age`` have nothing against for certain, (n,)."""
        self._check_names()
        self._check_required()
        self._check_values()
        self._check_age(limits)
        return self._acceptable

    def event_ids(self, rows: Integers) -> list[str]:
        """The ids of these records."""
        starts, sizes = self._spans("event_id")
        return self._columns.texts(rows, starts[rows], sizes[rows])

    def keys(self, rows: Integers) -> list[str]:
        """The user of each of these records, the product where there is no user."""
        users, user_sizes = self._spans("user_id")
        products, product_sizes = self._spans("product_id")
        starts = np.where(user_sizes > 0, users, products)
        sizes = np.where(user_sizes > 0, user_sizes, product_sizes)
        return self._columns.texts(rows, starts[rows], sizes[rows])

    def renamed(self, rows: Integers) -> Iterator[bytes]:
        """Each of these records under the canonical name of its type: a length in one byte, then the name."""
        data = self._columns.data
        for row in rows.tolist():
            start = int(self._name_starts[row])
            behind = start + int(self._name_sizes[row])
            name = _KINDS[self.codes[row]].name.encode()
            record = data[self._columns.begins[row] : start - 1], bytes([2 * len(name)]), name
            yield b"".join((*record, data[behind : self._columns.ends[row]]))

    def _codes(self) -> Integers:
        data = self._columns.data
        spans = zip(self._name_starts.tolist(), (self._name_starts + self._name_sizes).tolist(), strict=True)
        return np.array([_CODES.get(data[start:end], _UNKNOWN) for start, end in spans], np.int64)

    def _check_names(self) -> None:
        """A name that is to be replaced must have its length in the one byte in front of it."""
        lengths = self._columns.bytes_at(self._name_starts - 1)
        self._acceptable &= (self.codes != _UNKNOWN) & ((self.codes < _CANONICAL) | (lengths == 2 * self._name_sizes))

    def _check_required(self) -> None:
        for name, required in _REQUIRED.items():
            self._acceptable &= self._is_given(name) | ~required[self.codes]

    def _check_values(self) -> None:
        for name, constraint in _CONSTRAINTS.items():
            for column in self._columns.of(name):
                self._exclude(column.rows, self._violates(column, constraint))

    def _violates(self, column: Column, constraint: Constraint) -> Mask:
        """Which values of a column break the constraint, or may do so, (k,)."""
        wrong: Mask
        match constraint:
            case Identifier(is_required):
                # an id of so few bytes has no more characters, and one that begins with no blank is not blank
                first = self._columns.bytes_at(column.starts)
                wrong = (column.sizes > MAX_ID_LENGTH) | np.where(column.sizes > 0, _BLANK[first], is_required)
            case Amount():
                # the reader leaves a record with an amount that is none, or may be none: Columns.decoded
                wrong = np.zeros(len(column.rows), np.bool_)
            case WholeNumber(lowest, highest, exceptions):
                lowest_by_code = np.full(len(_KINDS), lowest)
                for event_type, other in exceptions:
                    lowest_by_code[_IS[event_type]] = other
                lowests = lowest_by_code[self.codes[column.rows]]
                wrong = (column.numbers < lowests) | (column.numbers > highest)
            case Code(length, first, last):
                letters = self._columns.bytes_at(column.starts[:, None] + np.arange(length))
                is_of_it = (letters >= ord(first)) & (letters <= ord(last))
                wrong = (column.sizes != length) | ~is_of_it.all(axis=1)
            case OneOf(texts):
                wrong = ~np.logical_or.reduce([self._is_text(column, text.encode()) for text in texts])
            case _:
                assert_never(constraint)
        return wrong

    def _is_text(self, column: Column, text: bytes) -> Mask:
        letters = self._columns.bytes_at(column.starts[:, None] + np.arange(len(text)))
        same: Mask = (column.sizes == len(text)) & (letters == np.frombuffer(text, np.uint8)).all(axis=1)
        return same

    def _check_age(self, limits: AgeLimits) -> None:
        for column in self._columns.of("event_time"):
            age_ms = self._received_ms[column.rows] - column.numbers
            self._exclude(column.rows, (age_ms > limits.lateness_ms) | (age_ms < -limits.skew_ms))

    def _exclude(self, rows: Integers, is_wrong: Mask) -> None:
        self._acceptable[rows[is_wrong]] = False

    def _is_given(self, name: str) -> Mask:
        given = np.zeros_like(self._acceptable)
        for column in self._columns.of(name):
            given[column.rows] = column.sizes > 0
        return given

    def _spans(self, name: str) -> tuple[Integers, Integers]:
        """Where a field begins in each record and how long it is, 0 where there is none, (n,) each."""
        starts, sizes = np.zeros_like(self._received_ms), np.zeros_like(self._received_ms)
        for column in self._columns.of(name):
            starts[column.rows] = column.starts
            sizes[column.rows] = column.sizes
        return starts, sizes


def _received_ms(records: Records) -> Integers:
    """When each record was received, _NEVER where its header is no time, (n,)."""
    received_ms = np.array(records.timestamps_ms, np.int64)
    lengths = np.array([-1 if header is None else len(header) for header in records.received_at])
    usual = lengths == _USUAL_DIGITS
    received_ms[usual] = _times_ms([header for header in compress(records.received_at, usual.tolist()) if header])
    for row in np.flatnonzero(~usual & (lengths >= 0)).tolist():
        header = records.received_at[row]
        if header is not None:
            received_ms[row] = int(header) if header.isdigit() and len(header) <= _MOST_DIGITS else _NEVER
    return received_ms


def _times_ms(headers: Sequence[bytes]) -> Integers:
    """Times of thirteen digits, those from 2001 to 2286; _NEVER for what is none."""
    digits = np.frombuffer(b"".join(headers), np.uint8).reshape(-1, _USUAL_DIGITS) - np.uint8(ord("0"))
    times: Integers = digits @ 10 ** np.arange(_USUAL_DIGITS - 1, -1, -1)
    times[(digits > 9).any(axis=1)] = _NEVER
    return times
