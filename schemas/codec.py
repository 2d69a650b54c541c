"""Avro bytes in Confluent's framing: a zero byte, the schema id in four bytes, big-endian, then the record.

https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

import fastavro

MAGIC: Final = 0
HEADER_BYTES: Final = 5
_HEADER: Final = struct.Struct(">bI")

RESULT_ATTRIBUTE: Final = "result"
"""The attribute of a record schema that ``schemas/results.py`` reads."""


def schema_text(name: str) -> str:
    """The schema of ``schemas/avro/<name>.avsc`` as it is registered: as in the file, but for the attribute ``result``.

    So a change of that attribute, which concerns no reader of records, makes no new version in the registry.
    """
    text = _file_text(name)
    schema = json.loads(text)
    return json.dumps(schema, ensure_ascii=False) if schema.pop(RESULT_ATTRIBUTE, None) else text


def load_schema(name: str) -> dict[str, Any]:
    """``schemas/avro/<name>.avsc`` as JSON, all attributes included."""
    schema: dict[str, Any] = json.loads(_file_text(name))
    return schema


def _file_text(name: str) -> str:
    return (files("schemas") / "avro" / f"{name}.avsc").read_text(encoding="utf-8")


class Encoder:
    """Encodes records of one schema.

    Args:
        schema: The Avro schema.
        schema_id: The registry's id of it.
    """

    def __init__(self, schema: dict[str, Any], schema_id: int) -> None:
        self._schema = fastavro.parse_schema(schema)
        self._header = _HEADER.pack(MAGIC, schema_id)

    def encode(self, record: Mapping[str, Any]) -> bytes:
        """The framed bytes of one record; fields left out take their default.

        Raises:
            ValueError, TypeError: A value does not fit its field.
        """
        out = io.BytesIO()
        out.write(self._header)
        fastavro.schemaless_writer(out, self._schema, record)
        return out.getvalue()


def split_frame(value: bytes) -> tuple[int, int]:
    """Magic byte and schema id of framed bytes; struct.error when they are shorter than a frame."""
    magic, schema_id = _HEADER.unpack_from(value)
    return magic, schema_id
