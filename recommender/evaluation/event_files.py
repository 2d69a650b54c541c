"""Events from Parquet files of known layouts, and purchases from CSV files."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from recommender.evaluation.files import line_error, opened_text, the_one_file
from recommender.interactions import KINDS
from schemas.errors import ConfigurationError

ENDINGS: Final = (".parquet",)

KIND_NAMES: Final[Mapping[str, str]] = {
    "view": "view_item",
    "addtocart": "add_to_cart",
    "cart": "add_to_cart",
    "transaction": "purchase",
    "buy": "purchase",
    **{kind: kind for kind in KINDS},
}
"""Kinds of events by their names in files, in any case; events of other kinds are left out."""

_KIND_INDEX: Final = {name: KINDS.index(kind) for name, kind in KIND_NAMES.items()}

UNITS: Final = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""Times that are numbers: from the first figure on, they have that many parts to a second; smaller ones are seconds.

So they are nanoseconds, microseconds and milliseconds for all times from 1973 to 5138.
"""

DAY_DIGITS: Final = 8

TIME_FORMS: Final = "numbers since the epoch, ISO 8601 texts such as 2026-11-27T08:30:00Z, dates, or timestamps"

NO_NAMES: Final = "without a user or an item"
OTHER_KINDS: Final = "of kinds that are no interactions"
NO_SALES: Final = "that are no sales"
"""Why rows are left out."""


@dataclass(frozen=True, slots=True)
class Events:
    """Events of a file, in its order.

    Attributes:
        users: User indices, (n_events,) int64.
        items: Item indices, (n_events,) int32.
        kinds: Indices into KINDS, (n_events,) int8.
        times: Seconds since the epoch, (n_events,) float64.
        user_names: The users by their index, sorted.
        item_names: The items by their index, sorted.
        left_out: Number of rows that are no events of a user with an item, by the reason.
    """

    users: NDArray[np.int64]
    items: NDArray[np.int32]
    kinds: NDArray[np.int8]
    times: NDArray[np.float64]
    user_names: list[str]
    item_names: list[str]
    left_out: Mapping[str, int]


def read_events(path: Path) -> Events:
    """The events of a file, or of the one Parquet file of a folder.

    Raises:
        ConfigurationError: There is no such file, it is not Parquet, its columns are of no layout that is known, a time
            cannot be read, or no row is an event.
    """
    file = the_one_file(path, ENDINGS)
    known = "; or ".join(", ".join(columns) for columns in LAYOUTS)
    try:
        table = pq.read_table(file)
    except (OSError, pa.ArrowException) as error:
        message = f"{file} cannot be read as Parquet: {error}. Write it as Parquet, with the columns {known}."
        raise ConfigurationError(message) from error
    for columns, mapped in LAYOUTS.items():
        if (chosen := _chosen(table, columns)) is not None:
            try:
                return _events(file, mapped(chosen), table.num_rows)
            except pa.ArrowException as error:
                message = f"{file} has a column of another type than {', '.join(columns)} should have: {error}."
                raise ConfigurationError(message) from error
    message = f"{file} has the columns {', '.join(table.column_names)}; it needs {known}."
    raise ConfigurationError(message)


def read_pairs(path: Path, events: Events) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Indices of the users and items of a file of lines ``user,item``, and how many lines name others.

    Blanks around a name and empty lines do not matter.

    Raises:
        ConfigurationError: The file cannot be read, or a line has something else.
    """
    user_index = {name: index for index, name in enumerate(events.user_names)}
    item_index = {name: index for index, name in enumerate(events.item_names)}
    known: list[tuple[int, int]] = []
    unknown = 0
    with opened_text(path) as file:
        reader = csv.reader(file, skipinitialspace=True)
        try:
            for row in reader:
                names = [name.strip() for name in row]
                if not any(names):
                    continue
                if len(names) != 2 or not all(names):
                    raise line_error(path, reader.line_num, "a line is: user,item")
                if names[0] in user_index and names[1] in item_index:
                    known.append((user_index[names[0]], item_index[names[1]]))
                else:
                    unknown += 1
        except csv.Error as error:
            raise line_error(path, reader.line_num, f"this is not CSV, {error}; a line is: user,item") from error
    pairs = np.array(known, np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1], unknown


def _chosen(table: pa.Table, columns: tuple[str, ...]) -> pa.Table | None:
    """These columns of a table, in any case, and the numbers of its rows from 1; None where one is missing."""
    names = {name.strip("\ufeff ").casefold(): name for name in reversed(table.column_names)}
    names |= {name.casefold(): name for name in columns if name in table.column_names}
    if not all(name.casefold() in names for name in columns):
        return None
    chosen = {name: table[names[name.casefold()]] for name in columns}
    return pa.table({**chosen, "row": np.arange(1, table.num_rows + 1)})


def _of_events(table: pa.Table) -> pa.Table:
    """``timestamp, user, event, item``, as RetailRocket has them."""
    return table.rename_columns(["time", "user", "kind", "item", "row"])


def _of_online_retail(table: pa.Table) -> pa.Table:
    """Invoice lines that are sales."""
    sold = pc.and_(pc.greater(table["Quantity"], 0), pc.greater(table["UnitPrice"], 0))
    kept = table.filter(sold)
    kinds = pa.array(["purchase"] * len(kept), pa.string())
    columns = {"time": "InvoiceDate", "user": "CustomerID", "item": "StockCode", "row": "row"}
    return pa.table({"kind": kinds, **{name: kept[column] for name, column in columns.items()}})


LAYOUTS: Final[Mapping[tuple[str, ...], Callable[[pa.Table], pa.Table]]] = {
    ("timestamp", "user", "event", "item"): _of_events,
    ("InvoiceDate", "CustomerID", "StockCode", "Quantity", "UnitPrice"): _of_online_retail,
}
"""How a table of some columns becomes one of ``time, user, kind, item, row``."""


def _events(file: Path, table: pa.Table, rows: int) -> Events:
    kinds = np.array([_KIND_INDEX.get(name, -1) for name in _lower(table["kind"])], np.int8)
    users, items = _names(table["user"]), _names(table["item"])
    named = pc.and_(pc.is_valid(users), pc.is_valid(items)).to_numpy(zero_copy_only=False)
    interactions = kinds >= 0
    left_out = {
        NO_SALES: rows - table.num_rows,
        OTHER_KINDS: int((~interactions).sum()),
        NO_NAMES: int((interactions & ~named).sum()),
    }
    kept = interactions & named
    if not kept.any():
        counted = ", ".join(f"{count} {why}" for why, count in left_out.items() if count)
        message = (
            f"{file} has no events of a user with an item: of its {rows} rows {counted or 'none'} are left out. "
            f"Kinds of events are {', '.join(KIND_NAMES)}."
        )
        raise ConfigurationError(message)
    mask = pa.array(kept)
    user_names, user_indices = _indexed(users.filter(mask))
    item_names, item_indices = _indexed(items.filter(mask))
    times = _seconds(file, table["time"].filter(mask), table["row"].filter(mask))
    counts = {why: count for why, count in left_out.items() if count}
    return Events(user_indices, item_indices.astype(np.int32), kinds[kept], times, user_names, item_names, counts)


def _lower(column: pa.ChunkedArray) -> list[str]:
    texts = pc.cast(column, pa.string()).to_pylist()
    return ["" if text is None else text.strip().casefold() for text in texts]


def _names(column: pa.ChunkedArray) -> pa.Array:
    """Users or items as text; null for NaN and for blank ones. Whole numbers have no decimals, whatever their type."""
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
        if pc.all(pc.equal(column, pc.floor(column))).as_py() is not False:
            column = pc.cast(column, pa.int64())
    texts = pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts).combine_chunks()


def _indexed(column: pa.Array) -> tuple[list[str], NDArray[np.int64]]:
    names, indices = np.unique(np.array(column.to_pylist(), str), return_inverse=True)
    return names.tolist(), indices.astype(np.int64)


def _seconds(file: Path, column: pa.ChunkedArray, rows: pa.ChunkedArray) -> NDArray[np.float64]:
    """Times in seconds since the epoch; those without a zone are in UTC.

    Raises:
        ConfigurationError: One is missing or cannot be read.
    """
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    if pa.types.is_date(column.type):
        column = pc.cast(column, pa.timestamp("us"))
    if pa.types.is_timestamp(column.type):
        microseconds = pc.cast(column, pa.timestamp("us", column.type.tz), safe=False)
        seconds = pc.divide(pc.cast(microseconds, pa.int64()).cast(pa.float64()), 1_000_000)
    elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        seconds = pa.chunked_array([pa.array(map(_of_text, column.to_pylist()), pa.float64())])
    else:
        seconds = _of_numbers(pc.cast(column, pa.float64(), safe=False))
    times = np.asarray(seconds.to_numpy(), np.float64)
    if unreadable := np.flatnonzero(~np.isfinite(times)).tolist():
        row = rows[unreadable[0]].as_py()
        message = (
            f"{file}, row {row}: the time {column[unreadable[0]].as_py()!r} cannot be read, as in {len(unreadable)} "
            f"rows in all. Times are {TIME_FORMS}."
        )
        raise ConfigurationError(message)
    return times


def _of_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Seconds, from numbers since the epoch in one of UNITS."""
    seconds = column
    for least, parts in reversed(UNITS):
        seconds = pc.if_else(pc.greater_equal(column, least), pc.divide(column, parts), seconds)
    return seconds


def _of_text(text: str | None) -> float:
    """Seconds, from a number or an ISO 8601 text, such as the eight digits of a day; NaN where it is neither."""
    stripped = (text or "").strip()
    if stripped.isdigit() and len(stripped) != DAY_DIGITS:
        number = float(stripped)
        return next((number / parts for least, parts in UNITS if number >= least), number)
    try:
        moment = datetime.fromisoformat(stripped)
    except ValueError:
        return np.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
