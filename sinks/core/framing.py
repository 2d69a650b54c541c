"""Decodes Confluent-framed Avro by the schemas that a registry has, whatever version of them wrote it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import fastavro

from connections.registry import SchemaRegistry
from schemas.codec import HEADER_BYTES, MAGIC, split_frame
from schemas.errors import ContractError


def as_registered(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as it is: times become datetimes."""
    return schema


def with_plain_times(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema, its times read as the epoch milliseconds that they are."""
    fields = [{**field, "type": "long"} if _is_time(field["type"]) else field for field in schema["fields"]]
    return {**schema, "fields": fields}


class FramedDecoder:
    """Decodes keys and values.

    Args:
        registry: The registry; asked once for each schema.
        readable: Makes the schema by which a record is read from the one that is registered.
    """

    def __init__(
        self, registry: SchemaRegistry, readable: Callable[[dict[str, Any]], dict[str, Any]] = as_registered
    ) -> None:
        self._registry = registry
        self._readable = readable
        self._schemas: dict[int, Any] = {}

    def decode(self, framed: bytes) -> dict[str, Any]:
        """The record's fields; amounts are Decimals.

        Raises:
            ContractError: It is not what its schema says, or the registry has no such schema.
            RegistryUnavailable: The registry does not answer.
        """
        if len(framed) < HEADER_BYTES or framed[0] != MAGIC:
            message = f"{framed!r} is not framed as Confluent's serializers do."
            raise ContractError(message)
        _, schema_id = split_frame(framed)
        schema = self._schemas.get(schema_id) or self._fetch(schema_id)
        try:
            record = fastavro.schemaless_reader(io.BytesIO(framed[HEADER_BYTES:]), schema, None)
        except (EOFError, IndexError, ValueError, TypeError) as error:
            message = f"{framed!r} is not what the schema {schema_id} says, or cut off: {error!r}."
            raise ContractError(message) from error
        if not isinstance(record, dict):
            message = f"{framed!r} is no record."
            raise ContractError(message)
        return record

    def _fetch(self, schema_id: int) -> Any:
        text = self._registry.schema_of(schema_id)
        if text is None:
            message = f"The registry has no schema {schema_id}, by which a record is written. Was the registry emptied?"
            raise ContractError(message)
        self._schemas[schema_id] = fastavro.parse_schema(self._readable(json.loads(text)))
        return self._schemas[schema_id]


def _is_time(avro: Any) -> bool:
    return isinstance(avro, dict) and avro.get("logicalType") == "timestamp-millis"
