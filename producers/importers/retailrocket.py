"""RetailRocket's public data set: what visitors of a shop viewed, put into carts and bought in the summer of 2015.

Two forms are read, as Parquet or as CSV: the columns timestamp, user, event, item, and those of the file that was first
published: timestamp, visitorid, event, itemid, transactionid. A row becomes one event, except that rows of one
transactionid are the lines of one purchase, which happened when its first line did.

There are no prices: a purchase has the value 0 in US dollars. There are no sessions either: a visit ends after 30
minutes without an event of its user.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from producers.importers.columns import typed_column
from producers.importers.importer import ImportedEvent
from producers.importers.repetitions import Repetitions
from schemas.errors import ConfigurationError

SOURCE: Final = "retailrocket"
CURRENCY: Final = "USD"
INACTIVITY_MS: Final = 30 * 60 * 1000

_COLUMNS: Final = {
    "timestamp": pa.int64(),
    "user": pa.int64(),
    "event": pa.string(),
    "item": pa.int64(),
    "transaction": pa.int64(),
}
_TRANSACTION: Final = "transaction"
_NAMES: Final = (
    dict(zip(_COLUMNS, ("timestamp", "user", "event", "item"), strict=False)),
    dict(zip(_COLUMNS, ("timestamp", "visitorid", "event", "itemid", "transactionid"), strict=True)),
)
"""Our names of the columns -> those of the two forms."""
_EVENT_TYPES: Final = {"view": "view_item", "addtocart": "add_to_cart", _TRANSACTION: "purchase"}

_PARQUET: Final = b"PAR1"
_MAX_SECONDS: Final = 100_000_000_000
"""Timestamps below are seconds (until the year 5138), from there on milliseconds (since 1973)."""
_MAX_MS: Final = 100_000_000_000_000
_BATCH_ROWS: Final = 65_536
_FREE: Final = Decimal(0)


class _Row(NamedTuple):
    """A row of the file; ``transaction`` is None where the file names none."""

    time_ms: int
    user: int
    event: str
    item: int
    transaction: int | None


class RetailRocket:
    """The data set as events.

    Args:
        path: A Parquet or CSV file with the columns of one of the two forms.

    Raises:
        ConfigurationError: No file is named, there is no such file, or it does not hold these columns and events.
    """

    file: Final = None

    def __init__(self, path: Path | None = None) -> None:
        if path is None:
            message = (
                "The data set retailrocket does not come with shopstream. "
                "Name its file: ./shop import retailrocket FILE"
            )
            raise ConfigurationError(message)
        self._table = _sorted_table(path)
        self._orders = _items_of_orders(self._table)
        merged = sum(len(items) - 1 for items in self._orders.values())
        self.total: int = self._table.num_rows - merged

    def events(self) -> Iterator[ImportedEvent]:
        """The events in the order of their time; those of one moment in the order of the file."""
        repetitions, visits, written = Repetitions(), _Visits(), set[tuple[int, int]]()
        for row in _rows(self._table):
            session_id = visits.session_of(row.user, row.time_ms)
            if row.transaction is None:
                event = self._event(row, repetitions.number(row.time_ms, row))
            elif (order := (row.user, row.transaction)) not in written:
                written.add(order)
                event = _purchase(f"{SOURCE}:{row.transaction}:{row.user}", self._orders[order])
            else:
                continue
            yield ImportedEvent(_header(row, session_id) | event, row.time_ms)

    def _event(self, row: _Row, number: str) -> dict[str, Any]:
        event_id = f"{SOURCE}:{row.time_ms}:{row.user}:{row.event}:{row.item}:{number}"
        if row.event == _TRANSACTION:
            return _purchase(event_id, [row.item])
        event: dict[str, Any] = {"event_id": event_id, "product_id": str(row.item)}
        if row.event == "addtocart":
            event["quantity"] = 1
        return event


class _Visits:
    """Divides the events of each user, which come in the order of their time, into visits."""

    def __init__(self) -> None:
        self._of_user: dict[int, tuple[int, int]] = {}

    def session_of(self, user: int, time_ms: int) -> str:
        """The visit of an event, named by its user and its start."""
        start_ms, last_ms = self._of_user.get(user, (time_ms, time_ms))
        if time_ms - last_ms > INACTIVITY_MS:
            start_ms = time_ms
        self._of_user[user] = (start_ms, time_ms)
        return f"{SOURCE}:{user}:{start_ms}"


def _header(row: _Row, session_id: str) -> dict[str, Any]:
    return {
        "event_type": _EVENT_TYPES[row.event],
        "event_time": row.time_ms,
        "user_id": str(row.user),
        "source": SOURCE,
        "session_id": session_id,
    }


def _purchase(event_id: str, items: list[int]) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "order_id": event_id,
        "currency": CURRENCY,
        "value": _FREE,
        "items": [{"product_id": str(item), "quantity": 1, "price": _FREE} for item in items],
    }


def _sorted_table(path: Path) -> pa.Table:
    """The file's rows under the names of _COLUMNS, timestamps in milliseconds, in the order of time."""
    table = _read(path)
    names = next((form for form in _NAMES if set(form.values()) <= set(table.column_names)), None)
    if names is None:
        forms = " or ".join(", ".join(form.values()) for form in _NAMES)
        message = f"{path} has the columns {', '.join(table.column_names)}; the data set RetailRocket has {forms}."
        raise ConfigurationError(message)
    selected = table.select(list(names.values())).rename_columns(list(names))
    columns = {name: typed_column(path, selected, name, _COLUMNS[name], name == _TRANSACTION) for name in names}
    columns.setdefault(_TRANSACTION, pa.chunked_array([pa.nulls(table.num_rows, pa.int64())]))
    columns["timestamp"] = _milliseconds(path, columns["timestamp"])
    _check_events(path, columns["event"], columns[_TRANSACTION])
    return pa.table(columns).sort_by("timestamp")


def _read(path: Path) -> pa.Table:
    try:
        with path.open("rb") as file:
            is_parquet = file.read(len(_PARQUET)) == _PARQUET
        if is_parquet:
            with pq.ParquetFile(path) as parquet:
                return parquet.read()
        return pa_csv.read_csv(path)
    except FileNotFoundError as error:
        message = f"There is no file {path}."
        raise ConfigurationError(message) from error
    except (OSError, pa.ArrowException) as error:
        message = f"{path} cannot be read as a Parquet or CSV file: {error}"
        raise ConfigurationError(message) from error


def _milliseconds(path: Path, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Timestamps in milliseconds, whether the file has these or seconds: their magnitude tells."""
    bounds = pc.min_max(column).as_py()
    first, last = bounds["min"] or 0, bounds["max"] or 0
    if first >= 0 and last < _MAX_SECONDS:
        return pc.multiply(column, 1000)
    if first >= _MAX_SECONDS and last < _MAX_MS:
        return column
    message = (
        f"{path}: column timestamp goes from {first} to {last}: "
        "neither all of them are seconds since 1970 nor all of them milliseconds."
    )
    raise ConfigurationError(message)


def _check_events(path: Path, events: pa.ChunkedArray, transactions: pa.ChunkedArray) -> None:
    if unknown := set(pc.unique(events).to_pylist()) - _EVENT_TYPES.keys():
        message = f"{path}: column event holds {sorted(unknown)[:5]}; known are {', '.join(_EVENT_TYPES)}."
        raise ConfigurationError(message)
    other = pc.and_(pc.is_valid(transactions), pc.not_equal(events, _TRANSACTION))
    if count := pc.sum(other).as_py():
        message = f"{path}: {count} rows have a transactionid and are no transactions."
        raise ConfigurationError(message)


def _items_of_orders(table: pa.Table) -> dict[tuple[int, int], list[int]]:
    """The items of each user's transactions that the file names."""
    orders: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in _rows(table.filter(pc.is_valid(table[_TRANSACTION]))):
        if row.transaction is not None:
            orders[row.user, row.transaction].append(row.item)
    return orders


def _rows(table: pa.Table) -> Iterator[_Row]:
    for batch in table.to_batches(_BATCH_ROWS):
        yield from map(_Row._make, zip(*(_values(column) for column in batch.columns), strict=True))


def _values(column: pa.Array) -> list[Any]:
    """By way of numpy's view where there is one, which takes a tenth of ``to_pylist``'s time."""
    if pa.types.is_integer(column.type) and not column.null_count:
        numbers: list[Any] = np.from_dlpack(column).tolist()
        return numbers
    values: list[Any] = column.to_pylist()
    return values
