"""Files of the protocols, plain or compressed by gzip, read with errors that name the line."""

from __future__ import annotations

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from schemas.errors import ConfigurationError

ATTRIBUTES_ENDINGS: Final = ("_item2attributes.json.gz", "_item2attributes.json")
TEXT_ENDINGS: Final = (".txt", ".txt.gz")

NOT_A_NUMBER: Final = "nan"
"""What a tool writes where it has no value."""

UTF_16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class UserLists:
    """Users in the order of the file, with their items, the oldest first."""

    users: list[str]
    items: list[list[str]]


def read_user_lists(path: Path) -> UserLists:
    """Lines ``user item item ...``; blanks and tabs separate, empty lines are passed over.

    Raises:
        ConfigurationError: The file cannot be read, has a user twice, or a user without items.
    """
    items_of: dict[str, list[str]] = {}
    for number, line in numbered_lines(path):
        user, *items = names_of(path, number, line)
        if user in items_of:
            raise line_error(path, number, f"user {user!r} has a line already")
        if not items:
            raise line_error(path, number, f"user {user!r} has no items; a line is: user item item ...")
        items_of[user] = items
    if not items_of:
        message = f"{path} has no lines; one is: user item item ..."
        raise ConfigurationError(message)
    return UserLists(list(items_of), list(items_of.values()))


def read_attributes(path: Path) -> Mapping[str, Sequence[str]]:
    """Attributes of each item: a JSON object of item to a list of attributes, text or numbers.

    Raises:
        ConfigurationError: The file cannot be read or is something else.
    """
    with opened_text(path) as file:
        try:
            attributes: Any = json.load(file, parse_constant=_no_number)
        except ValueError as error:
            message = f"{path} is not JSON: {error}."
            raise ConfigurationError(message) from error
    if not isinstance(attributes, dict) or not all(isinstance(values, list) for values in attributes.values()):
        message = f'{path} must hold one JSON object of item to a list of attributes: {{"item": [1, 2], ...}}.'
        raise ConfigurationError(message)
    for item, values in attributes.items():
        if not all(isinstance(value, str | int | float) and not isinstance(value, bool) for value in values):
            message = f"{path}: the attributes of item {item!r} must be texts or numbers; they are {values!r:.80}."
            raise ConfigurationError(message)
    return {item: [str(value) for value in values] for item, values in attributes.items()}


def the_one_file(path: Path, endings: Sequence[str]) -> Path:
    """``path`` itself, or the one file of the folder whose name has one of the endings.

    Raises:
        ConfigurationError: There is none, or more than one.
    """
    if not path.is_dir():
        return path
    files = sorted(file for file in path.iterdir() if file.name.endswith(tuple(endings)))
    if len(files) == 1:
        return files[0]
    if not files:
        message = f"No file of folder {path} ends in {' or '.join(endings)}: name the file itself."
        raise ConfigurationError(message)
    names = ", ".join(file.name for file in files)
    message = f"Folder {path} has several data sets, {names}: name one of them, as in --data {files[0]}."
    raise ConfigurationError(message)


def attributes_beside(path: Path) -> Path | None:
    """The file of attributes that lies beside ``NAME.txt.gz``: ``NAME_item2attributes.json.gz``, if there is one."""
    stem = path.name.removesuffix(".gz").removesuffix(".txt")
    candidates = (path.with_name(stem + ending) for ending in ATTRIBUTES_ENDINGS)
    return next((candidate for candidate in candidates if candidate.exists()), None)


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not empty and their numbers from 1, without the blanks around them.

    Raises:
        ConfigurationError: The file cannot be read.
    """
    with opened_text(path) as file:
        for number, line in enumerate(file, 1):
            if stripped := line.strip():
                yield number, stripped


def names_of(path: Path, number: int, line: str) -> list[str]:
    """The users and items of a line, which blanks and tabs separate.

    Raises:
        ConfigurationError: Commas separate them, too, or one of them is NaN, which is none.
    """
    names = line.split()
    for name in names:
        if name.endswith((",", ";")):
            raise line_error(path, number, f"{name!r} ends in a separator; only blanks or tabs separate items")
        if name.casefold() == NOT_A_NUMBER:
            raise line_error(path, number, f"{name!r} is no user or item; leave the line out, or name it")
    return names


def _no_number(constant: str) -> None:
    """Refuse NaN and Infinity, which Python writes into JSON."""
    message = f"{constant} is no JSON value"
    raise ValueError(message)


@contextmanager
def opened_text(path: Path) -> Iterator[TextIO]:
    """A text file, decompressed when its first bytes are those of gzip; UTF-8, or UTF-16 with a byte order mark.

    Raises:
        ConfigurationError: It cannot be read, or is neither.
    """
    try:
        with path.open("rb") as raw:
            compressed = raw.read(2) == b"\x1f\x8b"
        opener = gzip.open if compressed else open
        with opener(path, "rb") as content:
            encoding = "utf-16" if content.read(2) in UTF_16_MARKS else "utf-8-sig"
        with opener(path, "rt", encoding=encoding) as file:
            yield file
    except UnicodeError as error:
        message = f"{path} is no text in UTF-8: {error}. Save it as UTF-8, plain or compressed by gzip."
        raise ConfigurationError(message) from error
    except (OSError, EOFError, zlib.error) as error:
        message = f"{path} cannot be read: {error}."
        raise ConfigurationError(message) from error


def line_error(path: Path, number: int, what: str) -> ConfigurationError:
    """An error that names the line."""
    return ConfigurationError(f"{path}, line {number}: {what}.")
