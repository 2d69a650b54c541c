"""Avro bytes of simulated events; parts that events have in common are encoded once.

An Avro record is the bytes of its fields, one after the other. So the bytes of the visit's fields and of the body's
fields can be cached. A property test compares the result with that of a generic encoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from producers.encoder import EventEncoder
from schemas.codec import HEADER_BYTES, MAGIC
from schemas.errors import ContractError
from simulator.events import HEAD_FIELDS, VISIT_FIELDS, Body, Event, Visit

_ONE_BYTE: Final = 0x40
_SIX_BYTES: Final = range(1 << 35, 1 << 42)


class CachingEncoder:
    """Encodes events by one version of the ShopEvent schema.

    Args:
        schema: The version, as JSON.
        schema_id: The registry's id of it.
        caches: Whether visits and shared bodies cache their bytes. Bytes differ by version, so only one encoder may.

    Raises:
        ContractError: Its fields do not begin with HEAD_FIELDS and VISIT_FIELDS.
    """

    def __init__(self, schema: Mapping[str, Any], schema_id: int, *, caches: bool = True) -> None:
        fields = list(schema["fields"])
        split = len(HEAD_FIELDS) + len(VISIT_FIELDS)
        if tuple(field["name"] for field in fields[:split]) != HEAD_FIELDS + VISIT_FIELDS:
            message = f"The ShopEvent schema {schema_id} does not begin with {', '.join(HEAD_FIELDS + VISIT_FIELDS)}."
            raise ContractError(message)
        self.schema_id = schema_id
        self.names: Final = frozenset(field["name"] for field in fields)
        self._header = bytes([MAGIC]) + schema_id.to_bytes(4, "big")
        self._visits = _part(fields[len(HEAD_FIELDS) : split])
        self._bodies = _part(fields[split:])
        self._types: dict[str, bytes] = {}
        self._caches = caches

    def encode(self, event: Event, name: str | None = None) -> bytes:
        """The framed bytes of an event.

        Args:
            event: The event.
            name: Another name for its type.
        """
        visit, body = event.visit, event.body
        return b"".join(
            (
                self._header,
                text_bytes(event.event_id),
                self._encoded_type(name or event.event_type),
                long_bytes(event.time_ms),
                visit.encoded if self._caches and visit.encoded is not None else self._encode_visit(visit),
                body.encoded if self._caches and body.encoded is not None else self._encode_body(body),
            )
        )

    def _encoded_type(self, name: str) -> bytes:
        encoded = self._types.get(name)
        if encoded is None:
            encoded = self._types[name] = text_bytes(name)
        return encoded

    def _encode_visit(self, visit: Visit) -> bytes:
        encoded = self._visits.encode(visit.fields)[HEADER_BYTES:]
        if self._caches:
            visit.encoded = encoded
        return encoded

    def _encode_body(self, body: Body) -> bytes:
        encoded = self._bodies.encode(body.fields)[HEADER_BYTES:]
        if self._caches and body.is_shared:
            body.encoded = encoded
        return encoded


def text_bytes(text: str) -> bytes:
    """A string: its length and its UTF-8."""
    data = text.encode()
    length = len(data)
    return (bytes((length << 1,)) if length < _ONE_BYTE else long_bytes(length)) + data


def long_bytes(number: int) -> bytes:
    """A zigzag variable-length integer."""
    zigzag = (number << 1) ^ (number >> 63)
    if zigzag in _SIX_BYTES:  # as the times of this century are
        return bytes(
            (
                zigzag & 0x7F | 0x80,
                zigzag >> 7 & 0x7F | 0x80,
                zigzag >> 14 & 0x7F | 0x80,
                zigzag >> 21 & 0x7F | 0x80,
                zigzag >> 28 & 0x7F | 0x80,
                zigzag >> 35,
            )
        )
    out = bytearray()
    while zigzag >= 0x80:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    out.append(zigzag)
    return bytes(out)


def _part(fields: list[dict[str, Any]]) -> EventEncoder:
    return EventEncoder({"type": "record", "name": "Part", "fields": fields}, 0)
