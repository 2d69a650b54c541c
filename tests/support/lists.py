"""Recommendation lists as Redis holds them."""

from __future__ import annotations

import re

_GENERATED_AT = re.compile(rb'"generated_at":"[^"]*",')


def without_generated_at(value: bytes) -> bytes:
    """A list without the time at which it was made: one that is made again of the same events has another."""
    return _GENERATED_AT.sub(b"", value)
