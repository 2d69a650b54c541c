"""Decodes Confluent-framed keys and values by the schemas that a registry has."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro

from connections.registry import SchemaRegistry
from schemas.codec import HEADER_BYTES, MAGIC, split_frame


class FramedDecoder:
    """Decodes records of whatever schemas the registry has.

    Args:
        registry: The registry; asked once for each schema.
    """

    def __init__(self, registry: SchemaRegistry) -> None:
        self._registry = registry
        self._schemas: dict[int, Any] = {}

    def decode(self, framed: bytes) -> dict[str, Any]:
        """The record's fields.

        Raises:
            ValueError: It is not what the registry says.
            RegistryUnavailable: The registry does not answer.
        """
        if len(framed) < HEADER_BYTES or framed[0] != MAGIC:
            message = f"{framed!r} is not framed as Confluent's serializers do"
            raise ValueError(message)
        _, schema_id = split_frame(framed)
        schema = self._schema(schema_id)
        try:
            record = fastavro.schemaless_reader(io.BytesIO(framed[HEADER_BYTES:]), schema, None)
        except (EOFError, IndexError) as error:
            message = f"{framed!r} is cut off"
            raise ValueError(message) from error
        if not isinstance(record, dict):
            message = f"{framed!r} is no record"
            raise ValueError(message)
        return record

    def _schema(self, schema_id: int) -> Any:
        if schema_id not in self._schemas:
            text = self._registry.schema_of(schema_id)
            if text is None:
                message = f"the registry has no schema {schema_id}, by which a record is written"
                raise ValueError(message)
            self._schemas[schema_id] = fastavro.parse_schema(json.loads(text))
        return self._schemas[schema_id]
