"""What a place must offer where a person's data lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from schemas.settings import Settings


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A place where a person's data lie. Both calls may raise DependencyUnavailable.

    Attributes:
        held: Settings and the id of a user -> what of the store holds how much of the user; with 0 where it holds none.
        erase: Takes all of it out; harmless when repeated.
    """

    held: Callable[[Settings, str], Mapping[str, int]]
    erase: Callable[[Settings, str], None]


NOBODY: Final = PersonalData(held=lambda _settings, _user_id: {}, erase=lambda _settings, _user_id: None)
"""Of a store whose rows are counts, and name no user."""
