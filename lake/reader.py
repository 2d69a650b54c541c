"""Reads what the manifest says that the lake holds."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake.columns import EVENT_TIME, OFFSET, to_current
from lake.manifest import DataFile
from lake.storage import Storage
from schemas.errors import ContractError


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Events from ``first_ms`` on and before ``end_ms``, epoch milliseconds; None for no bound."""

    first_ms: int | None = None
    end_ms: int | None = None

    def meets(self, first_ms: int, last_ms: int) -> bool:
        """Whether any time from ``first_ms`` to ``last_ms``, both included, lies in it."""
        return (self.end_ms is None or first_ms < self.end_ms) and (self.first_ms is None or last_ms >= self.first_ms)

    def cut(self, table: pa.Table) -> pa.Table:
        """The events of a table that lie in it."""
        times = table.column(EVENT_TIME).cast(pa.int64())
        keep = pc.greater_equal(times, -(2**63) if self.first_ms is None else self.first_ms)
        if self.end_ms is not None:
            keep = pc.and_(keep, pc.less(times, self.end_ms))
        return table.filter(keep)


EVER = TimeRange()


def read_table(storage: Storage, file: DataFile) -> pa.Table:
    """The events of one file, with the columns of today.

    Raises:
        ContractError: It is not there.
        DependencyUnavailable: The store does not answer.
    """
    try:
        content = storage.read(file.name)
    except FileNotFoundError as error:
        message = (
            f"The lake's manifest names {file.name}, which is not there. If a compaction ran meanwhile, ask again; "
            "else './shop lake verify' says what is missing."
        )
        raise ContractError(message) from error
    return to_current(pq.read_table(pa.BufferReader(content)))


def before(table: pa.Table, offset: int) -> pa.Table:
    """The records of a table of one partition with offsets below ``offset``."""
    return table.filter(pc.less(table.column(OFFSET), offset))
