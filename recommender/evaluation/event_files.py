"""Events from Parquet files of known layouts, and purchases from CSV files."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from recommender.evaluation.files import line_error, the_one_file
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
"""Kinds of events by their names in files; events of other kinds are left out."""

LATEST_SECONDS: Final = 100_000_000_000
"""Integer times from here on are milliseconds, below it seconds."""


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
    """

    users: NDArray[np.int64]
    items: NDArray[np.int32]
    kinds: NDArray[np.int8]
    times: NDArray[np.float64]
    user_names: list[str]
    item_names: list[str]


def read_events(path: Path) -> Events:
    """The events of a file, or of the one Parquet file of a folder.

    Raises:
        ConfigurationError: There is no such file, it is not Parquet, or its columns are of no layout that is known.
    """
    file = the_one_file(path, ENDINGS)
    try:
        table = pq.read_table(file)
    except (OSError, pa.ArrowException) as error:
        message = f"{file} cannot be read as Parquet: {error}."
        raise ConfigurationError(message) from error
    for columns, mapped in LAYOUTS.items():
        if set(columns) <= set(table.column_names):
            return _events(mapped(table))
    known = "; or ".join(", ".join(columns) for columns in LAYOUTS)
    message = f"{file} has the columns {', '.join(table.column_names)}; it needs {known}."
    raise ConfigurationError(message)


def read_pairs(path: Path, events: Events) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the users and items of a file of lines ``user,item``; those without events are left out.

    Raises:
        ConfigurationError: The file cannot be read, or a line has something else.
    """
    user_index = {name: index for index, name in enumerate(events.user_names)}
    item_index = {name: index for index, name in enumerate(events.item_names)}
    known: list[tuple[int, int]] = []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.reader(file), 1):
                if len(row) != 2:
                    raise line_error(path, number, "a line is: user,item")
                if row[0] in user_index and row[1] in item_index:
                    known.append((user_index[row[0]], item_index[row[1]]))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        message = f"{path} cannot be read as CSV: {error}."
        raise ConfigurationError(message) from error
    pairs = np.array(known, np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _of_events(table: pa.Table) -> pa.Table:
    """``timestamp, user, event, item``, as RetailRocket has them."""
    times = table["timestamp"]
    if pa.types.is_integer(times.type):
        milliseconds = pc.greater_equal(times, LATEST_SECONDS)
        seconds = pc.cast(times, pa.float64())
        times = pc.if_else(milliseconds, pc.divide(seconds, 1000), seconds)
    return pa.table({"time": times, "user": table["user"], "kind": table["event"], "item": table["item"]})


def _of_online_retail(table: pa.Table) -> pa.Table:
    """Invoice lines of known customers that are sales."""
    sold = pc.and_(pc.greater(table["Quantity"], 0), pc.greater(table["UnitPrice"], 0))
    kept = table.filter(pc.and_(sold, pc.is_valid(table["CustomerID"])))
    kinds = pa.array(["purchase"] * len(kept))
    columns = {"time": "InvoiceDate", "user": "CustomerID", "item": "StockCode"}
    return pa.table({"kind": kinds, **{name: kept[column] for name, column in columns.items()}})


LAYOUTS: Final[Mapping[tuple[str, ...], Callable[[pa.Table], pa.Table]]] = {
    ("timestamp", "user", "event", "item"): _of_events,
    ("InvoiceDate", "CustomerID", "StockCode", "Quantity", "UnitPrice"): _of_online_retail,
}
"""How a table of some columns becomes one of ``time, user, kind, item``."""


def _events(table: pa.Table) -> Events:
    names = pa.array(list(KIND_NAMES))
    table = table.filter(pc.is_in(table["kind"], value_set=names)).drop_null()
    kinds = [KINDS.index(KIND_NAMES[name]) for name in table["kind"].to_pylist()]
    users, user_indices = _indexed(table["user"])
    items, item_indices = _indexed(table["item"])
    return Events(
        user_indices,
        item_indices.astype(np.int32),
        np.array(kinds, np.int8),
        _seconds(table["time"]),
        users,
        items,
    )


def _indexed(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int64]]:
    names, indices = np.unique(np.array(pc.cast(column, pa.string()).to_pylist(), str), return_inverse=True)
    return names.tolist(), indices.astype(np.int64)


def _seconds(column: pa.ChunkedArray) -> NDArray[np.float64]:
    times: Any = column
    if pa.types.is_timestamp(column.type):
        times = pc.divide(pc.cast(pc.cast(column, pa.timestamp("us")), pa.int64()).cast(pa.float64()), 1_000_000)
    return np.asarray(times.cast(pa.float64()).to_numpy())
