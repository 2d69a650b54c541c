"""Avro bytes of simulated events, put together from pieces that are encoded once.

A record in Avro is its fields' bytes one after the other, so the bytes of a run of fields can be kept and used again.
A property test holds these bytes and those of ``producers.encoder`` together.
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


class PieceEncoder:
    """Encodes events by one version of the ShopEvent schema.

    Args:
        schema: The version, as JSON.
        schema_id: The registry's id of it.
        keeps_pieces: Whether visits and shared bodies keep their bytes; they differ by version, so one encoder may.

    Raises:
        ContractError: Its fields are not in the order that the pieces have.
    """

    def __init__(self, schema: Mapping[str, Any], schema_id: int, *, keeps_pieces: bool = True) -> None:
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
        self._keeps_pieces = keeps_pieces

    def encode(self, event: Event, name: str | None = None) -> bytes:
        """The framed bytes of an event.

        Args:
            event: The event.
            name: Another name of its type.
        """
        visit, body = event.visit, event.body
        return b"".join(
            (
                self._header,
                text_bytes(event.event_id),
                self._type_piece(name or event.event_type),
                long_bytes(event.time_ms),
                visit.piece if self._keeps_pieces and visit.piece is not None else self._visit_piece(visit),
                body.piece if self._keeps_pieces and body.piece is not None else self._body_piece(body),
            )
        )

    def _type_piece(self, name: str) -> bytes:
        piece = self._types.get(name)
        if piece is None:
            piece = self._types[name] = text_bytes(name)
        return piece

    def _visit_piece(self, visit: Visit) -> bytes:
        piece = self._visits.encode(visit.fields)[HEADER_BYTES:]
        if self._keeps_pieces:
            visit.piece = piece
        return piece

    def _body_piece(self, body: Body) -> bytes:
        piece = self._bodies.encode(body.fields)[HEADER_BYTES:]
        if self._keeps_pieces and body.is_shared:
            body.piece = piece
        return piece


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
