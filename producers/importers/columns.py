"""Columns of tables that others made."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import ConfigurationError


def typed_column(path: Path, table: pa.Table, name: str, expected: pa.DataType, may_be_null: bool) -> pa.ChunkedArray:
    """A column in the type that an importer works with.

    Raises:
        ConfigurationError: It holds something else; ``path`` says where.
    """
    try:
        column = table[name].cast(expected)
    except pa.ArrowException as error:
        message = f"{path}: column {name} is not of type {expected}: {error}"
        raise ConfigurationError(message) from error
    if not may_be_null and column.null_count:
        message = f"{path}: column {name} is empty in {column.null_count} rows."
        raise ConfigurationError(message)
    if pa.types.is_floating(column.type) and not pc.all(pc.is_finite(column)).as_py():
        message = f"{path}: column {name} holds values that are no numbers."
        raise ConfigurationError(message)
    return column
