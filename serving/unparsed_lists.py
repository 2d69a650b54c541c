"""A stored list becomes an answer without being parsed: its first lines are cut out of its bytes.

Parsing the JSON of a list and writing it again would cost several times what the rest of a request does (ADR 0012).
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from schemas.recommendations import HISTORY_UNTIL

_HISTORY_UNTIL: Final = b'"%b":' % HISTORY_UNTIL.encode()
_BECAUSE: Final = b',"because":'
_ID_AT: Final = len(b'{"item_id":"')


def first_available(value: bytes, n: int, unavailable: AbstractSet[bytes]) -> tuple[bytes, list[bytes]] | None:
    """The first ``n`` available products of a stored list, without what caused them.

    Args:
        value: As ``schemas.recommendations.encode_list`` makes it.
        n: How many, at least 1.
        unavailable: Products to leave out, as they stand between the quotes of JSON.

    Returns:
        The head of the list after its opening brace, and each product without its closing brace; None where the list
        has not enough of them, or has ids that cannot be compared unparsed, or is none, or of an earlier release.
    """
    try:
        return _first_available(value, n, unavailable)
    except ValueError:  # a line is no product
        return None


def _first_available(value: bytes, n: int, unavailable: AbstractSet[bytes]) -> tuple[bytes, list[bytes]] | None:
    head, items = _head_and_items(value, n)
    if unavailable:
        if b"\\" in value:
            return None
        items = _available(items, unavailable)
        if len(items) < n:
            items = _available(_head_and_items(value, -1)[1], unavailable)[:n]
    return (head[1:], items) if len(items) == n and items[0] and _HISTORY_UNTIL in head else None


def _head_and_items(value: bytes, n: int) -> tuple[bytes, list[bytes]]:
    """The head of a list, and its first ``n`` products up to what caused them; -1 for all.

    What lies between two products is the causes of the one, a line's end, and the other: so one split finds both ends.
    """
    pieces = value.split(_BECAUSE, n)
    pieces.pop()
    return value[: value.index(b"\n")], [piece[piece.index(b"\n") + 1 :] for piece in pieces]


def answer_of(recommendation_id: bytes, arm: bytes, head: bytes, items: list[bytes]) -> bytes:
    """The JSON of an answer.

    Args:
        recommendation_id: Its id.
        arm: ``"experiment_arm":"...",`` or nothing.
        head: As ``first_available`` gives it.
        items: The same.
    """
    return b'{"recommendation_id":"%b",%b%b\n%b}\n]}' % (recommendation_id, arm, head, b"},\n".join(items))


def _available(items: list[bytes], unavailable: AbstractSet[bytes]) -> list[bytes]:
    return [item for item in items if item[_ID_AT : item.index(b'"', _ID_AT)] not in unavailable]
