"""Framed Avro values as ShopEvents, whatever version of the schema wrote them."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro

from connections.registry import SchemaRegistry
from schemas.codec import HEADER_BYTES, split_frame
from schemas.errors import ContractError


class EventReader:
    """Decodes values of the topic ``events``, which ingest has checked.

    Args:
        registry: Knows the schemas; asked once for each.
    """

    def __init__(self, registry: SchemaRegistry) -> None:
        self._registry = registry
        self._schemas: dict[int, Any] = {}

    def read(self, value: bytes) -> dict[str, Any]:
        """The event: times as epoch milliseconds, amounts as Decimals.

        Raises:
            ContractError: The registry has no such schema.
            RegistryUnavailable: It does not answer.
        """
        _, schema_id = split_frame(value)
        schema = self._schemas.get(schema_id) or self._learn(schema_id)
        event: dict[str, Any] = fastavro.schemaless_reader(io.BytesIO(value[HEADER_BYTES:]), schema, None)  # type: ignore[assignment]
        return event

    def _learn(self, schema_id: int) -> Any:
        text = self._registry.schema_of(schema_id)
        if text is None:
            message = f"The registry has no schema {schema_id}, by which an event is written. Was the registry emptied?"
            raise ContractError(message)
        self._schemas[schema_id] = fastavro.parse_schema(_with_plain_times(json.loads(text)))
        return self._schemas[schema_id]


def _with_plain_times(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema, its times read as the numbers that they are."""
    fields = [{**field, "type": "long"} if _is_time(field["type"]) else field for field in schema["fields"]]
    return {**schema, "fields": fields}


def _is_time(avro: Any) -> bool:
    return isinstance(avro, dict) and avro.get("logicalType") == "timestamp-millis"
