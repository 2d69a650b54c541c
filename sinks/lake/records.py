"""Framed ShopEvents as a table of the lake: by column where they are ordinary, else one by one."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from connections.registry import SchemaRegistry
from lake.arrays import can_be_read_by_column, event_arrays, ordinary
from lake.columns import EVENT_SCHEMA, event_table, with_places
from schemas.codec import HEADER_BYTES, MAGIC, split_frame
from schemas.wire.columns import ColumnReader, Integers
from schemas.wire.records import UnsupportedSchema
from sinks.core.framing import FramedDecoder, with_plain_times

AT_ONCE: Final = 20_000
"""Records that are read together: so many stay in the processor's cache."""

FEWEST: Final = 16
"""For fewer records numpy's calls would cost more than they save."""


class EventTables:
    """Makes tables of records of ``events``.

    Args:
        registry: Knows the schemas of the events; asked once for each.
        fewest: Fewer records of one schema are read one by one.
    """

    def __init__(self, registry: SchemaRegistry, fewest: int = FEWEST) -> None:
        self._registry = registry
        self._fewest = fewest
        self._decoder = FramedDecoder(registry, with_plain_times)
        self._readers: dict[bytes, ColumnReader | None] = {}

    def table(
        self,
        values: Sequence[bytes],
        topic: str,
        partition: int,
        offsets: Sequence[int],
        timestamps: Sequence[int],
    ) -> pa.Table:
        """Records of one partition as ``lake.columns.to_table`` makes it of the decoded events.

        Args:
            values: The records, framed.
            topic: Their topic.
            partition: Their partition.
            offsets: Offset of each.
            timestamps: Kafka timestamp of each, epoch milliseconds.

        Raises:
            ContractError: A record is not what its schema says, or the registry has no such schema.
            ValueError, TypeError: A record is of a schema whose values have no place in the lake.
            RegistryUnavailable: The registry does not answer.
        """
        tables = [self._events(values[first : first + AT_ONCE]) for first in range(0, len(values), AT_ONCE)]
        events = pa.concat_tables(tables).combine_chunks() if tables else event_table([])
        return with_places(events, topic, partition, offsets, timestamps)

    def _events(self, values: Sequence[bytes]) -> pa.Table:
        """The fields of some events, in their order."""
        parts, numbers = [], []
        for table, rows in self._parts(values):
            parts.append(table)
            numbers.append(rows)
        if len(parts) == 1:
            return parts[0]
        return pa.concat_tables(parts).take(pa.array(np.argsort(np.concatenate(numbers))))

    def _parts(self, values: Sequence[bytes]) -> Iterator[tuple[pa.Table, Integers]]:
        """The events in tables, each with the numbers of its records, ascending."""
        left = []
        for frame, rows in _by_frame(values).items():
            reader = self._reader(frame) if len(rows) >= self._fewest else None
            if reader is None:
                left.append(rows)
                continue
            columns = reader([values[row] for row in rows.tolist()], HEADER_BYTES)
            are = ordinary(columns)
            left.append(rows[~are])
            if are.any():
                yield pa.Table.from_arrays(event_arrays(columns, are), schema=EVENT_SCHEMA), rows[are]
        others = np.sort(np.concatenate(left))
        if others.size:
            yield event_table([self._decoder.decode(values[row]) for row in others.tolist()]), others

    def _reader(self, frame: bytes) -> ColumnReader | None:
        """Reads the records of a frame by column; None where only ``FramedDecoder`` knows what to do with them."""
        if frame in self._readers:
            return self._readers[frame]
        text = self._registry.schema_of(split_frame(frame)[1]) if _is_whole(frame) else None
        if text is None:
            return None
        reader = self._readers[frame] = _column_reader(json.loads(text))
        return reader


def _by_frame(values: Sequence[bytes]) -> dict[bytes, Integers]:
    """The numbers of the records by their first bytes, which name the schema."""
    frames: defaultdict[bytes, list[int]] = defaultdict(list)
    for row, value in enumerate(values):
        frames[value[:HEADER_BYTES]].append(row)
    return {frame: np.array(rows, np.int64) for frame, rows in frames.items()}


def _is_whole(frame: bytes) -> bool:
    return len(frame) == HEADER_BYTES and frame[0] == MAGIC


def _column_reader(schema: Any) -> ColumnReader | None:
    try:
        is_known = isinstance(schema, dict) and schema.get("type") == "record" and can_be_read_by_column(schema)
        return ColumnReader(schema) if is_known else None
    except (UnsupportedSchema, ValueError):  # a type of which no column, or no reader, is known
        return None
