"""Which failed events are meant: conditions such as ``reason=missing_field``, all of which hold."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
from typing import Any, Final

from operations.failed_events import FailedEvent
from schemas.codec import load_schema
from schemas.errors import ConfigurationError
from schemas.failures import Reason, Stage
from schemas.topics import DOMAIN_TOPICS, FAILED_EVENTS

EVENT: Final = "event."
"""What the name of a field of the event itself begins with."""

_CONDITION: Final = re.compile(r"([a-z_.]+)(!=|<=|>=|=|<|>)(.*)", re.DOTALL)
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition.

    Attributes:
        name: An attribute of the failed event, or EVENT and a field of the event.
        operator: One of ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``.
        value: What it is compared with, in the type of that name.
    """

    name: str
    operator: str
    value: Any

    @property
    def is_of_event(self) -> bool:
        """Whether the event must be decoded for it."""
        return self.name.startswith(EVENT)

    def holds(self, failed: FailedEvent, event: Mapping[str, Any] | None) -> bool:
        """Whether it holds; one on a field never does where the event cannot be decoded.

        Args:
            failed: The failed event.
            event: Its fields; None where they cannot be decoded.
        """
        if not self.is_of_event:
            return self._compare(getattr(failed, self.name))
        return event is not None and self._compare(event.get(self.name.removeprefix(EVENT)))

    def _compare(self, value: Any) -> bool:
        """A null is equal to no text, and neither below nor above anything."""
        if value is None:
            return (self.value == "") is (self.operator == "=") and self.operator in ("=", "!=")
        return bool(_OPERATORS[self.operator](value, self.value))


def parse_condition(text: str) -> Condition:
    """A condition as it is written: NAME=VALUE, or with another comparison.

    Raises:
        ConfigurationError: It is none, or nothing has that name, or the value cannot be one of it.
    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        message = f"{text!r} is no condition: give NAME=VALUE, or !=, <, <=, >, >=, for example reason=missing_field."
        raise ConfigurationError(message)
    name, comparison, value = match.groups()
    parse = _PARSERS.get(name)
    if parse is None:
        message = f"Nothing is called {name!r}. There are: {', '.join(_PARSERS)}."
        raise ConfigurationError(message)
    try:
        return Condition(name, comparison, parse(value))
    except (ValueError, DecimalException) as error:
        message = f"{value!r} is no value of {name}: {error}"
        raise ConfigurationError(message) from error


def _topic(text: str) -> str:
    if text not in (*DOMAIN_TOPICS, FAILED_EVENTS):
        message = f"the domain topics are {', '.join(DOMAIN_TOPICS)}; what the collector refused has {FAILED_EVENTS}"
        raise ValueError(message)
    return text


def _moment(text: str) -> datetime:
    """A moment by ISO 8601; UTC where it does not say otherwise."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _milliseconds(text: str) -> int:
    return round(_moment(text).timestamp() * 1000)


def _field_parser(avro: Any) -> Callable[[str], Any] | None:
    """How a value of a field is read; None for lists and maps, which cannot be compared."""
    match avro:
        case ["null", inner]:
            return _field_parser(inner)
        case "string":
            return str
        case "int" | "long":
            return int
        case {"logicalType": "timestamp-millis"}:
            return _milliseconds
        case {"logicalType": "decimal"}:
            return Decimal
    return None


_ATTRIBUTES: Final[dict[str, Callable[[str], Any]]] = {
    "stage": Stage,
    "reason": Reason,
    "message": str,
    "topic": _topic,
    "partition": int,
    "offset": int,
    "failed_at": _moment,
}
_FIELDS: Final[dict[str, Callable[[str], Any]]] = {
    EVENT + field["name"]: parser
    for field in load_schema("shop_event")["fields"]
    if (parser := _field_parser(field["type"])) is not None
}
_PARSERS: Final = _ATTRIBUTES | _FIELDS
