"""What ``./shop evaluate`` is asked for, and how it tells how far it is."""

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
    """What ``./shop evaluate`` was asked for; what a protocol has no use for must be left out.

    Attributes:
        data: A file of the protocol's format, or a folder that holds one.
        attributes: Attributes of the items, JSON.
        train: The training sessions, in place of ``data``.
        test: The test sessions, in place of ``data``.
        test_purchases: What is right, ``user,item``, in place of a cut.
        cut: Where the training part ends and the test part begins.
        repeats: Whether what a user has already bought counts as right and may be recommended.
        model: Which model: the blend, or one of its parts alone.
        seed: Of everything that is drawn by lot.
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
