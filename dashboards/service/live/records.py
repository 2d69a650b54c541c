"""A record of Kafka as a change of the window; of an event, its first bytes tell whether it is a purchase, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, Protocol

from dashboards.service.live.window import LIVE_RESULTS, ORDERS_TABLE, SESSIONS, Change, Key, Row
from schemas.codec import HEADER_BYTES
from schemas.recommendations import utc_text
from schemas.results import result_named
from schemas.topics import EVENTS

PURCHASE: Final = b"purchase"
VISIT_COLUMNS: Final = ("day", "session_id", "user_id", "ended_at", "cart_additions", "purchases", "steps")
ORDER_COLUMNS: Final = (*("event_id", "at", "order_id", "user_id", "currency", "value", "units", "country", "channel"),)
RESULT_OF: Final = {result.topic: result for result in (*LIVE_RESULTS, result_named(SESSIONS))}
TOPICS: Final = (*RESULT_OF, EVENTS)
"""What is read."""

_NET: Final = ("gross", "refunds", "cancelled")


class Decoder(Protocol):
    """Decodes keys and values."""

    def decode(self, framed: bytes) -> dict[str, Any]:
        """The record's fields; amounts are Decimals."""
        ...


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it came.

    Attributes:
        topic: One of TOPICS.
        partition: Its number.
        offset: Its offset.
        key: Its key.
        value: Its value; None for a row that is gone.
        at_ms: When it was published, epoch milliseconds.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    at_ms: int


class Records:
    """Makes changes of records.

    Args:
        decoder: Decodes them.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder

    def change(self, record: Record) -> Change | None:
        """The change that a record makes; None for an event that is no purchase.

        Raises:
            ContractError: It is not what its schema says.
            RegistryUnavailable: The registry does not answer.
        """
        offset = f"{record.topic}-{record.partition}:{record.offset}"
        if record.topic == EVENTS:
            if record.value is None or not is_purchase(record.value):
                return None
            order = order_of(self._decoder.decode(record.value))
            return Change(ORDERS_TABLE, (order["event_id"],), order, offset, record.at_ms)
        result = RESULT_OF[record.topic]
        if record.value is None:
            key = self._decoder.decode(record.key or b"")
            return Change(result.name, key_of(result.key, row_of(result.key, key)), None, offset, record.at_ms)
        columns = VISIT_COLUMNS if result.name == SESSIONS else tuple(column.name for column in result.stored)
        row = row_of(columns, self._decoder.decode(record.value))
        return Change(result.name, key_of(result.key, row), row, offset, record.at_ms)


def is_purchase(framed: bytes) -> bool:
    """Whether an event is a purchase: its second field, behind an id, says so."""
    size_of_type, at = _type_of_event(framed)
    return size_of_type == len(PURCHASE) and framed[at : at + size_of_type] == PURCHASE


def event_ms(framed: bytes) -> int:
    """When an event happened, epoch milliseconds: its third field, behind its id and its type."""
    size_of_type, at = _type_of_event(framed)
    return _long(framed, at + size_of_type)[0]


def _type_of_event(framed: bytes) -> tuple[int, int]:
    """How long the type's text is, and its place."""
    size, start = _long(framed, HEADER_BYTES)
    return _long(framed, start + size)


def _long(data: bytes, at: int) -> tuple[int, int]:
    """An Avro long at a place, and the place behind it."""
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), at


def row_of(columns: tuple[str, ...], fields: Mapping[str, Any]) -> Row:
    """Some columns as JSON has them, and net where it follows from them."""
    row = {name: plain(fields[name]) for name in columns}
    if all(name in row for name in _NET):
        gross, refunds, cancelled = (Decimal(fields[name]) for name in _NET)
        row["net"] = plain(gross - refunds - cancelled)
    return row


def key_of(key: tuple[str, ...], row: Row) -> Key:
    """The values of a row's key."""
    return tuple(str(row[name]) for name in key)


def order_of(event: Mapping[str, Any]) -> Row:
    """A purchase, as the query last_orders gives it."""
    order = {**event, "at": event["event_time"], "units": sum(item["quantity"] for item in event["items"] or ())}
    row = {name: plain(order[name]) for name in ORDER_COLUMNS}
    return row | {name: row[name] or "" for name in ("order_id", "user_id", "currency", "country", "channel")}


def plain(value: Any) -> Any:
    """A value as ClickHouse's JSON has it: amounts and times are text."""
    if isinstance(value, Decimal):
        return f"{value:.4f}"
    if isinstance(value, datetime):
        return utc_text(value.replace(tzinfo=UTC) if value.tzinfo is None else value)
    return value.isoformat() if isinstance(value, date) else value
