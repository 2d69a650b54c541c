"""REES46's public data sets: what visitors of a large shop viewed, put into carts and bought, a file a month.

"eCommerce behavior data from multi category store", "eCommerce events history in cosmetics shop", "... in electronics
store": CSV files of many gigabytes, so they are read line by line.

One row becomes one event. Of a row nothing but its fields is known: so each purchase is an order of one line, and each
addition to a cart and removal from one is of one unit. Prices are in US dollars.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple

from producers.importers.importer import ImportedEvent, RejectedRow
from producers.importers.lines import MAX_LINE_BYTES, LineFile
from producers.importers.repetitions import Repetitions
from schemas.errors import ConfigurationError, InvalidEvent
from schemas.validation import MAX_AMOUNT, MAX_ID_LENGTH

SOURCE: Final = "rees46"
CURRENCY: Final = "USD"

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_ZIP: Final = b"PK"
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC", re.ASCII)
_PRICE: Final = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_MAX_PRICE_LENGTH: Final = 40
_DECIMALS: Final = 4
_SHOWN: Final = 40
_EVENT_TYPES: Final = {
    "view": "view_item",
    "cart": "add_to_cart",
    "remove_from_cart": "remove_from_cart",
    "purchase": "purchase",
}


class _Row(NamedTuple):
    """The columns of the file."""

    event_time: str
    event_type: str
    product_id: str
    category_id: str
    category_code: str
    brand: str
    price: str
    user_id: str
    user_session: str


class Rees46:
    """The data set as events.

    Args:
        path: A CSV file with the data set's columns, plain or compressed by gzip.

    Raises:
        ConfigurationError: No file is named, there is no such file, or it does not hold these columns.
    """

    total: Final = None

    def __init__(self, path: Path | None = None) -> None:
        if path is None:
            message = "The data set rees46 does not come with shopstream. Name its file: ./shop import rees46 FILE"
            raise ConfigurationError(message)
        self.file = LineFile(path)
        self._check_header()

    def events(self) -> Iterator[ImportedEvent | RejectedRow]:
        """An event for each row in the order of the file, or the row itself where it is no event."""
        repetitions = Repetitions()
        for number, content, whole in self.file.lines():
            raw = content.rstrip(b"\r\n")
            if number == 1 or not raw:
                continue
            try:
                yield _event(raw, repetitions) if whole else _too_long()
            except InvalidEvent as error:
                yield RejectedRow(self.file.path.name, number, str(error), raw)

    def _check_header(self) -> None:
        start = self.file.first_line().removeprefix(_BYTE_ORDER_MARK).rstrip(b"\r\n")
        if start.split(b",") == [name.encode() for name in _Row._fields]:
            return
        begins = "is a zip archive: unpack it" if start.startswith(_ZIP) else f"begins with {_shown(start)}"
        message = (
            f"{self.file.path} {begins}. The first line of a file of the data set REES46 is {','.join(_Row._fields)}"
        )
        raise ConfigurationError(message)


def _event(raw: bytes, repetitions: Repetitions) -> ImportedEvent:
    """The event of a row.

    Raises:
        InvalidEvent: It is none.
    """
    row = _columns(raw)
    event_type = _EVENT_TYPES.get(row.event_type)
    if event_type is None:
        raise InvalidEvent("event_type", f"{_shown(row.event_type)} is none of {', '.join(_EVENT_TYPES)}")
    _check_id("product_id", row.product_id)
    _check_id("user_id", row.user_id)
    time_ms, price = _time_ms(row.event_time), _price(row.price)
    digest = blake2b(raw, digest_size=16).hexdigest()
    event_id = f"{SOURCE}:{digest}:{repetitions.number(time_ms, digest)}"
    category = row.category_code.replace(".", " > ") or None
    event = {
        "event_id": event_id,
        "event_type": event_type,
        "event_time": time_ms,
        "user_id": row.user_id,
        "source": SOURCE,
        "session_id": row.user_session.strip() or None,
        "product_id": row.product_id,
        "category": category,
        "brand": row.brand or None,
        "price": price,
        "currency": CURRENCY,
        "properties": {"category_id": row.category_id} if row.category_id else None,
    }
    if event_type == "purchase":
        event |= _order(event_id, row.product_id, price, category)
    elif event_type != "view_item":
        event["quantity"] = 1
    return ImportedEvent(event, time_ms)


def _order(event_id: str, product_id: str, price: Decimal, category: str | None) -> dict[str, Any]:
    line = {"product_id": product_id, "quantity": 1, "price": price, "category": category}
    return {"order_id": event_id, "value": price, "items": [line]}


def _columns(raw: bytes) -> _Row:
    try:
        text = raw.decode()
        columns = next(csv.reader([text], strict=True)) if '"' in text else text.split(",")
    except UnicodeDecodeError as error:
        raise InvalidEvent("", f"is not UTF-8: {error.reason} at byte {error.start}") from error
    except csv.Error as error:
        raise InvalidEvent("", f"is not CSV: {error}") from error
    if len(columns) != len(_Row._fields):
        raise InvalidEvent("", f"has {len(columns)} columns instead of {len(_Row._fields)}")
    return _Row._make(columns)


def _check_id(name: str, text: str) -> None:
    if not text:
        raise InvalidEvent(name, "is empty")
    if len(text) > MAX_ID_LENGTH:
        raise InvalidEvent(name, f"is longer than {MAX_ID_LENGTH} characters")


@lru_cache(maxsize=1024)
def _time_ms(text: str) -> int:
    match = _TIME.fullmatch(text)
    try:
        moment = datetime.fromisoformat(f"{match[1]}+00:00") if match else None
    except ValueError:
        moment = None
    if moment is None:
        raise InvalidEvent("event_time", f"{_shown(text)} is not a time like '2019-10-01 00:00:00 UTC'")
    return int(moment.timestamp()) * 1000


@lru_cache(maxsize=65_536)
def _price(text: str) -> Decimal:
    if len(text) > _MAX_PRICE_LENGTH or not _PRICE.fullmatch(text):
        raise InvalidEvent("price", f"{_shown(text)} is not a price like 35.79")
    if len(text.partition(".")[2].rstrip("0")) > _DECIMALS:
        raise InvalidEvent("price", f"{_shown(text)} has more than {_DECIMALS} decimals")
    price = Decimal(text)
    if not 0 <= price < MAX_AMOUNT:
        raise InvalidEvent("price", f"{_shown(text)} is not between 0 and {MAX_AMOUNT}")
    return price


def _too_long() -> ImportedEvent:
    raise InvalidEvent("", f"is part of a line of more than {MAX_LINE_BYTES} bytes")


def _shown(value: str | bytes) -> str:
    """A value in quotes, cut where it is long."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else value
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
