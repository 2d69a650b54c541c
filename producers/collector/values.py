"""JSON values as the values of a ShopEvent: each function takes what a body holds and returns what a record may.

They are lenient where clients are known to differ and nothing can be misread (a number as text, an id as a number),
and refuse the rest with ``Unfit``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any, Final

import orjson

from producers.collector.reading import NoNumber
from producers.collector.violations import Kind, Violation

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
MAX_AMOUNT: Final = 10**14
_PLACES: Final = Decimal("0.0001")
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?\Z")
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}(?:\.0{1,20})?\Z")
_MAX_EXACT: Final = 2**53
_EPOCH_TIME: Final = re.compile(r"[0-9]{9,16}(?:\.[0-9]{1,9})?\Z")
_YEAR_2000: Final = 946_684_800
_YEAR_2100: Final = 4_102_444_800
"""Both in epoch seconds."""


class Unfit(Exception):
    """A value that a field cannot take."""

    def __init__(self, kind: Kind, message: str, costs_event: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.costs_event = costs_event

    def of(self, field: str) -> Violation:
        """The violation of an event that has the value in this field."""
        return Violation(self.kind, field, self.message, self.costs_event)


def text(value: Any) -> str:
    """Text; a whole number, 7.0 as 7, is taken for an id that was written as one."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    if type(value) is float and value.is_integer() and abs(value) < _MAX_EXACT:
        return str(int(value))
    raise _mismatch(value, "text")


@lru_cache(4096, typed=True)
def _amount(value: float | str) -> Decimal:
    number = Decimal(value if type(value) is str else repr(value))
    return number.quantize(_PLACES, ROUND_HALF_EVEN)


def amount(value: Any) -> Decimal:
    """An amount of money with four decimals; what JavaScript's arithmetic leaves behind them is rounded off."""
    if type(value) is str and _NUMBER.match(value):
        if len(value.partition(".")[0]) > len(str(MAX_AMOUNT)):
            raise Unfit(Kind.INVALID_VALUE, f"{value} is not between 0 and {MAX_AMOUNT}")
    elif type(value) is not float and type(value) is not int:
        raise _mismatch(value, "a number")
    elif not -MAX_AMOUNT < value < MAX_AMOUNT:
        raise Unfit(Kind.INVALID_VALUE, f"{value} is not between 0 and {MAX_AMOUNT}")
    return _amount(value)


def whole(value: Any) -> int:
    """A whole number; 3.0 and "3" are 3."""
    if type(value) is int:
        return value
    if type(value) is float:
        if value == int(value) and abs(value) < _MAX_EXACT:
            return int(value)
        raise Unfit(Kind.INVALID_VALUE, f"{value!r} is not a whole number")
    if type(value) is str and _WHOLE.match(value):
        return int(value.partition(".")[0])
    raise _mismatch(value, "a whole number")


def position_of_index(index: Any) -> int:
    """The position from 1 of an index from 0."""
    return whole(index) + 1


def code(value: Any) -> str:
    """A code in capital letters."""
    return text(value).upper()


def time_ms(value: Any) -> int:
    """Epoch milliseconds of an ISO 8601 time, taken for UTC where it names no zone, or of an epoch time."""
    if type(value) is int or type(value) is float or (type(value) is str and _EPOCH_TIME.match(value)):
        return epoch_ms(value)
    if type(value) is not str:
        raise _mismatch(value, "an ISO 8601 time or an epoch time")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise Unfit(Kind.INVALID_VALUE, f"{value[:64]!r} is not an ISO 8601 time") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return (moment - EPOCH) // MILLISECOND
    except OverflowError as error:
        raise Unfit(Kind.INVALID_VALUE, f"{value[:64]!r} lies beyond the calendar") from error


def epoch_ms(value: Any) -> int:
    """Epoch milliseconds of an epoch time in seconds, milliseconds or microseconds, as number or text.

    The times from 2000 to 2100 have other numbers in each of the three units, so the unit is certain; every other
    number is refused.
    """
    if type(value) is not int and type(value) is not float and not (type(value) is str and _EPOCH_TIME.match(value)):
        raise _mismatch(value, "an epoch time")
    number = Decimal(value if type(value) is str else repr(value))
    for per_second in (1, 1000, 1_000_000):
        if _YEAR_2000 <= number / per_second < _YEAR_2100:
            return int(number * 1000 // per_second)
    message = f"{value!r} is no epoch time of 2000 to 2100 in seconds, milliseconds or microseconds"
    raise Unfit(Kind.INVALID_VALUE, message)


def kept(value: Any) -> str:
    """Anything as text: text as it is, everything else as JSON."""
    if type(value) is str:
        return value
    try:
        return orjson.dumps(value, default=_refused).decode()
    except orjson.JSONEncodeError as error:
        if isinstance(error.__cause__, Unfit):
            raise error.__cause__ from error
        raise Unfit(Kind.INVALID_VALUE, "is nested too deeply") from error


def mapping(value: Any) -> dict[str, Any]:
    """An object; none for null."""
    if type(value) is dict:
        return value
    if value is None:
        return {}
    raise _mismatch(value, "an object")


def _refused(value: Any) -> Any:
    raise _mismatch(value, "a number")


_JSON_NAMES: Final[dict[type, str]] = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def _mismatch(value: Any, expected: str) -> Unfit:
    if type(value) is NoNumber:
        return Unfit(Kind.INVALID_VALUE, f"{value.written[:64]} is no number that can be kept", costs_event=True)
    actual = f"the text {value[:64]!r}" if type(value) is str else _JSON_NAMES[type(value)]
    return Unfit(Kind.TYPE_MISMATCH, f"is {actual}, not {expected}")
