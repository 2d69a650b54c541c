"""Events of users and product attributes by Flink SQL over ``events``, written to files and read from them."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.fs
from pyflink.table import TableEnvironment

from connections.erased_users import ErasedUsers
from jobs.sql import load_sql
from jobs.tables import files_ddl
from jobs.tables import register_views as register_views_of

PACKAGE: Final = "jobs.training"
EVENT_FIELDS: Final = (
    "event_type",
    "event_time",
    "user_id",
    "anonymous_id",
    "product_id",
    "product_title",
    "product_description",
    "category",
    "brand",
    "price",
    "order_id",
    "value",
    "items",
)
"""The fields of ``events`` that the SQL reads."""

OUTPUTS: Final = {
    "interaction_events": {
        "user_id": ("STRING", pa.string()),
        "is_visitor": ("BOOLEAN", pa.bool_()),
        "product_id": ("STRING", pa.string()),
        "kind": ("STRING", pa.string()),
        "event_time": ("BIGINT", pa.int64()),
        "order_id": ("STRING", pa.string()),
        "units": ("BIGINT", pa.int64()),
        "value": ("DECIMAL(18, 4)", pa.decimal128(18, 4)),
    },
    "product_attributes": {
        "product_id": ("STRING", pa.string()),
        "attribute": ("STRING", pa.string()),
        "value": ("STRING", pa.string()),
    },
}
"""The queries by name: columns with their types in SQL and in Arrow."""


def register_views(tables: TableEnvironment) -> None:
    """Register the views over a table ``events``."""
    register_views_of(tables, f"{PACKAGE}.views", ("reported_attributes",))


def write_outputs(tables: TableEnvironment, folder_url: str) -> None:
    """Run the queries over ``events`` and wait until their files lie below ``folder_url``."""
    inserts = tables.create_statement_set()
    for name, columns in OUTPUTS.items():
        declared = [f"`{column}` {sql_type}" for column, (sql_type, _) in columns.items()]
        tables.execute_sql(files_ddl(f"{name}_files", declared, f"{folder_url}/{name}"))
        inserts.add_insert(f"{name}_files", tables.sql_query(load_sql(PACKAGE, name)))
    inserts.execute().wait()


def schema_of(name: str) -> pa.Schema:
    """The columns of one output."""
    return pa.schema([(column, arrow_type) for column, (_, arrow_type) in OUTPUTS[name].items()])


def read_output(folder_url: str, name: str) -> pa.Table:
    """The rows of one output, in no particular order."""
    files, root = pyarrow.fs.FileSystem.from_uri(f"{folder_url}/{name}")
    entries = files.get_file_info(pyarrow.fs.FileSelector(root, recursive=True, allow_not_found=True))
    schema = schema_of(name)
    tables = [_read_csv(files, entry.path, schema) for entry in entries if entry.is_file and entry.size]
    return pa.concat_tables([schema.empty_table(), *tables])


def without_erased(events: pa.Table, erased: ErasedUsers) -> pa.Table:
    """The events without those of erased users.

    Raises:
        DependencyUnavailable: Kafka, which knows who was erased, does not answer.
    """
    users = events["user_id"].unique().to_pylist()
    erased_ids = pa.array([users[index] for index in erased.among(users)], pa.string())
    return events.filter(pc.invert(pc.is_in(events["user_id"], value_set=erased_ids)))


def forget_outputs(folder_url: str) -> None:
    """Delete what ``write_outputs`` wrote."""
    files, root = pyarrow.fs.FileSystem.from_uri(folder_url)
    files.delete_dir(root)


def _read_csv(files: pyarrow.fs.FileSystem, path: str, schema: pa.Schema) -> pa.Table:
    with files.open_input_stream(path) as stream:
        return pyarrow.csv.read_csv(
            stream,
            read_options=pyarrow.csv.ReadOptions(column_names=schema.names),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(column_types=schema, strings_can_be_null=False),
        )
