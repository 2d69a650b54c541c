"""The JSON of a body as clients write it: what is wrong with one event costs no other.

Browsers cut an emoji in two where they shorten a text, and libraries write ``NaN``; a strict reader refuses the whole
body for either. So a body that the strict reader refuses is read once more: half a character (and bytes that are no
UTF-8) become U+FFFD, a number that is none becomes a ``NoNumber``, which no field takes.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import orjson

from web.problems import MALFORMED_BODY, Problem

_ESCAPE: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a whole pair: one character
    r"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"  # half of one
    r"|\\."
)
_HALF_LENGTH: Final = 6
_REPLACEMENT: Final = "\ufffd"
_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**64 - 1
_INFINITE: Final = (float("inf"), float("-inf"))
_MAX_DIGITS: Final = 20


class NoNumber:
    """What stands where a number should, and is none: ``NaN``, or more than a float can hold.

    No dataclass, which orjson would write as an object.

    Args:
        written: As the body has it.
    """

    __slots__ = ("written",)

    def __init__(self, written: str) -> None:
        self.written = written


def read_json(content: bytes) -> Any:
    """The JSON of a body, with a ``NoNumber`` for each number that is none.

    Raises:
        Problem: It is not JSON even so.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        return _read_leniently(content, error)


def _read_leniently(content: bytes, refused: orjson.JSONDecodeError) -> Any:
    text = _ESCAPE.sub(_whole_characters, content.decode("utf-8-sig", errors="replace"))
    try:
        return json.loads(text, parse_float=_float, parse_int=_int, parse_constant=NoNumber, strict=False)
    except (ValueError, RecursionError) as error:
        raise Problem(MALFORMED_BODY, f"The body is not JSON: {refused}.") from error


def _whole_characters(escape: re.Match[str]) -> str:
    return _REPLACEMENT if len(escape[0]) == _HALF_LENGTH else escape[0]


def _float(written: str) -> float | NoNumber:
    number = float(written)
    return NoNumber(written) if number in _INFINITE else number


def _int(written: str) -> int | float | NoNumber:
    if len(written) <= _MAX_DIGITS and _SMALLEST <= (number := int(written)) <= _LARGEST:
        return number
    return _float(written)  # as the strict reader has it
