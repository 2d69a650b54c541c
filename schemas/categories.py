"""A category is a path of levels, the highest first: ``Home > Kitchen > Tea``."""

from __future__ import annotations

from typing import Final

SEPARATOR: Final = " > "
"""Between the levels of a category."""


def levels_of(category: str) -> list[str]:
    """Every category that a product of this one belongs to: those above it, the highest first, then itself."""
    ends = [end for end in range(1, len(category)) if category.startswith(SEPARATOR, end)]
    return [category[:end] for end in (*ends, len(category)) if end]


def lies_in(category: str, other: str) -> bool:
    """Whether a category is the other or one below it: whether the other is one of its levels."""
    return category == other or category.startswith(other + SEPARATOR)
