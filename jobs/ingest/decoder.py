"""From the framed bytes of a record to a decoded ShopEvent, by the schema whose id the record carries."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import DecimalException
from typing import Any, Final, Protocol

import fastavro
from fastavro.schema import SchemaParseException

from connections.errors import RegistryUnavailable
from schemas.codec import HEADER_BYTES, MAGIC, load_schema, split_frame
from schemas.failures import Failure, Reason
from schemas.topics import EVENTS
from schemas.wire.columns import ColumnReader
from schemas.wire.records import RecordReader, UnsupportedSchema, encoded_long

MALFORMED: Final = (ValueError, IndexError, OverflowError, DecimalException)
"""What reading bytes raises that do not follow the schema."""

UNKNOWN_REMEMBERED_SECONDS: Final = 30.0
MAX_REMEMBERED: Final = 10_000


class Registry(Protocol):
    """What the decoder asks a schema registry; raises RegistryUnavailable when there is no answer."""

    url: str

    def schema_of(self, schema_id: int) -> str | None:
        """The text of a schema, None when there is none of that id."""

    def latest(self, subject: str) -> tuple[int, str] | None:
        """Id and text of a subject's newest schema, None when nothing is registered."""


@dataclass(frozen=True, slots=True)
class EventSchema:
    """A version of the ShopEvent schema that records were written with.

    Attributes:
        read: Reads the records written with it.
        read_columns: Reads many of them at once.
        defaults: Values of the fields that came later.
    """

    read: RecordReader
    read_columns: ColumnReader
    defaults: dict[str, Any]

    @property
    def lacks_only_nulls(self) -> bool:
        """Whether the fields that came later are null or empty in its records."""
        return all(default in (None, [], {}) for default in self.defaults.values())


class EventDecoder:
    """Decodes framed ShopEvents of any registered version.

    Args:
        registry: Where schemas are looked up, once each.
        patience_seconds: How long to wait for a registry that does not answer before RegistryUnavailable is raised
            (Flink then restarts the job, which waits again: no record is ever rejected for the registry's sake).
        clock: Monotonic seconds.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        registry: Registry,
        patience_seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._registry = registry
        self._patience_seconds = patience_seconds
        self._clock = clock
        self._sleep = sleep
        self._current = load_schema("shop_event")
        self._known: dict[int, EventSchema | Failure] = {}
        self._unknown_until: dict[int, float] = {}

    def decode(self, value: bytes | None) -> dict[str, Any] | Failure:
        """The event in ``value``, or why there is none in it.

        Raises:
            RegistryUnavailable: The registry did not answer for ``patience_seconds``.
        """
        schema = self.schema_of(value)
        if isinstance(schema, Failure):
            return schema
        assert value is not None
        try:
            event, end = schema.read(value, HEADER_BYTES)
        except MALFORMED as error:
            return Failure(Reason.UNDECODABLE, f"{type(error).__name__}: {error}")
        if end < len(value):
            return Failure(Reason.TRAILING_BYTES, f"{len(value) - end} bytes are left after the record")
        return schema.defaults | event if schema.defaults else event

    def renamed(self, value: bytes, event_type: str) -> bytes:
        """``value``, which was decoded before, under another event type; all other bytes are the same."""
        schema = self.schema_of(value)
        assert isinstance(schema, EventSchema)
        begin, end = schema.read.span("event_type", value, HEADER_BYTES)
        name = event_type.encode()
        return b"".join((value[:begin], encoded_long(len(name)), name, value[end:]))

    def schema_of(self, value: bytes | None) -> EventSchema | Failure:
        """The schema that ``value`` was written with, or why there is none."""
        if value is None:
            return Failure(Reason.NULL_VALUE, "the record has no value")
        if not value:
            return Failure(Reason.EMPTY_VALUE, "the value has no bytes")
        if value[0] != MAGIC:
            return Failure(Reason.WRONG_MAGIC_BYTE, f"begins with byte {value[0]}, a framed record begins with {MAGIC}")
        if len(value) < HEADER_BYTES:
            return Failure(Reason.UNDECODABLE, f"{len(value)} bytes are shorter than a frame")
        _, schema_id = split_frame(value)
        return self._known.get(schema_id) or self._look_up(schema_id)

    def _look_up(self, schema_id: int) -> EventSchema | Failure:
        unknown = Failure(Reason.UNKNOWN_SCHEMA_ID, f"the registry has no schema {schema_id}")
        if self._unknown_until.get(schema_id, 0.0) > self._clock():
            return unknown
        text = self._ask(schema_id)
        if text is None:
            self._remember_unknown(schema_id)
            return unknown
        schema = self._known[schema_id] = self._parse(schema_id, text)
        return schema

    def _ask(self, schema_id: int) -> str | None:
        """The registry's answer, waiting for one; that a schema is unknown is believed of a healthy registry alone."""
        deadline = self._clock() + self._patience_seconds
        while True:
            try:
                text = self._registry.schema_of(schema_id)
                if text is None and self._registry.latest(f"{EVENTS}-value") is None:
                    raise RegistryUnavailable(self._registry.url, f"it has lost the schema of {EVENTS}")
            except RegistryUnavailable:
                if self._clock() >= deadline:
                    raise
                self._sleep(1.0)
            else:
                return text

    def _remember_unknown(self, schema_id: int) -> None:
        if len(self._unknown_until) >= MAX_REMEMBERED:
            self._unknown_until.clear()
        self._unknown_until[schema_id] = self._clock() + UNKNOWN_REMEMBERED_SECONDS

    def _parse(self, schema_id: int, text: str) -> EventSchema | Failure:
        schema = json.loads(text)
        name = f"{schema.get('namespace', '')}.{schema.get('name', '')}" if isinstance(schema, dict) else str(schema)
        if name != f"{self._current['namespace']}.{self._current['name']}":
            return Failure(Reason.WRONG_SCHEMA, f"schema {schema_id} is of {name}, not of a ShopEvent")
        try:
            fastavro.parse_schema(schema)  # is it one at all
            return EventSchema(RecordReader(schema), ColumnReader(schema), self._defaults_beyond(schema))
        except (SchemaParseException, UnsupportedSchema) as error:
            return Failure(Reason.WRONG_SCHEMA, f"schema {schema_id}: {error}")

    def _defaults_beyond(self, schema: dict[str, Any]) -> dict[str, Any]:
        known = {field["name"] for field in schema["fields"]}
        return {field["name"]: field["default"] for field in self._current["fields"] if field["name"] not in known}
