"""The hot path: a stored list becomes an answer without being parsed."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

_BECAUSE: Final = b',"because":'
_ID_AT: Final = len(b'{"item_id":"')


def cut(value: bytes, n: int, unavailable: AbstractSet[bytes]) -> tuple[bytes, list[bytes]] | None:
    """The first ``n`` available products of a stored list, without what caused them.

    Args:
        value: As ``schemas.recommendations.encode_list`` makes it.
        n: How many, at least 1.
        unavailable: Products to leave out, as they stand between the quotes of JSON.

    Returns:
        The head of the list after its opening brace, and each product without its closing brace; None where the list
        has not enough of them, or has ids that cannot be compared unparsed, or is no list.
    """
    try:
        return _cut(value, n, unavailable)
    except ValueError:  # a line is no product
        return None


def _cut(value: bytes, n: int, unavailable: AbstractSet[bytes]) -> tuple[bytes, list[bytes]] | None:
    lines = value.split(b"\n", n + 1)
    if len(lines) < n + 2:
        return None
    if not unavailable:
        return lines[0][1:], [line[: line.rindex(_BECAUSE)] for line in lines[1 : n + 1]]
    if b"\\" in value:
        return None
    kept = _available(lines[1 : n + 1], unavailable)
    if len(kept) < n:
        kept = _available(value.split(b"\n")[1:-1], unavailable)[:n]
    return (lines[0][1:], kept) if len(kept) == n else None


def joined(recommendation_id: bytes, arm: bytes, head: bytes, items: list[bytes]) -> bytes:
    """The answer.

    Args:
        recommendation_id: Its id.
        arm: ``"experiment_arm":"...",`` or nothing.
        head: As ``cut`` gives it.
        items: The same.
    """
    return b'{"recommendation_id":"%b",%b%b\n%b}\n]}' % (recommendation_id, arm, head, b"},\n".join(items))


def _available(lines: list[bytes], unavailable: AbstractSet[bytes]) -> list[bytes]:
    return [
        line[: line.rindex(_BECAUSE)] for line in lines if line[_ID_AT : line.index(b'"', _ID_AT)] not in unavailable
    ]
