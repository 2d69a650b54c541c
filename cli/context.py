"""What every command is given: the settings of this run and the two consoles.

``out`` carries the answer of a command and nothing else, so that it can be piped; words and progress go to ``err``.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Console

if TYPE_CHECKING:
    from schemas.settings import Settings

ROOT: Final = Path(__file__).resolve().parent.parent
"""The repository."""

PIPED_WIDTH: Final = 160

_PREFIX: Final = "Value error, "
_WRONG_DATE: Final = re.compile(rf"{_PREFIX}(?P<value>.*) does not match the formats (?P<formats>.*)\.")
_FORMAT: Final = re.compile("'([^']*)'")
_EXAMPLE: Final = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)

out: Final = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
err: Final = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class GlobalOptions:
    """The options before the command's name; None where the environment or the default decides."""

    data_dir: Path | None
    port_base: int | None

    @cached_property
    def settings(self) -> Settings:
        """The settings, the options laid over the environment; the data directory defaults to the repository's."""
        from pydantic import ValidationError

        from schemas.errors import ConfigurationError
        from schemas.settings import Settings

        given = {"data_dir": self.data_dir or ROOT / ".shop", "port_base": self.port_base}
        try:
            return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {plain(e['msg'])}" for e in error.errors())
            message = f"A setting is wrong: {wrong}. Settings come from SHOP_... variables and the options of ./shop."
            raise ConfigurationError(message) from error


def plain(message: str) -> str:
    """What a library says of a wrong value, in words for a person: dates are shown, not their formats."""
    wrong = _WRONG_DATE.fullmatch(message)
    if wrong is None:
        return message.removeprefix(_PREFIX)
    examples = " or ".join(_EXAMPLE.strftime(each) for each in _FORMAT.findall(wrong["formats"]))
    return f"{wrong['value']} is no day or time as it is written here: {examples}."


def settings_of(ctx: typer.Context) -> Settings:
    """The settings of this run.

    Raises:
        ConfigurationError: A value cannot be used.
    """
    options = ctx.find_object(GlobalOptions)
    assert options is not None
    return options.settings
