"""Options of ``./shop evaluate``, and reports of its progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from schemas.errors import ConfigurationError

Progress = Callable[[str], None]
"""Called with a short text on what is being done now."""

BLEND: Final = "blend"


@dataclass(frozen=True, slots=True)
class Request:
    """Options of ``./shop evaluate``; each protocol uses some of them.

    Attributes:
        data: A file of the protocol's format, or a folder that holds one.
        attributes: Attributes of the items, JSON.
        train: The training sessions, in place of ``data``.
        test: The test sessions, in place of ``data``.
        test_purchases: Lines ``user,item``, the right items, in place of a cut.
        cut: Where the training part ends and the test part begins.
        repeats: Whether products that the user bought before count as right and may be recommended.
        model: The model to evaluate: the blend, or one of its parts.
        seed: Seed of everything that is drawn at random.
    """

    data: Path | None = None
    attributes: Path | None = None
    train: Path | None = None
    test: Path | None = None
    test_purchases: Path | None = None
    cut: datetime | None = None
    repeats: bool = True
    model: str = BLEND
    seed: int = 1

    def needed_data(self) -> Path:
        """The file or folder.

        Raises:
            ConfigurationError: There is none.
        """
        if self.data is None:
            raise ConfigurationError("This protocol needs --data PATH: a file of its format, or a folder with one.")
        return self.data
