"""Files of the protocols, plain or compressed by gzip, read with errors that name the line."""

from __future__ import annotations

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
        user, *items = line.split()
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
            attributes: Any = json.load(file)
        except ValueError as error:
            message = f"{path} is not JSON: {error}."
            raise ConfigurationError(message) from error
    if not isinstance(attributes, dict) or not all(isinstance(values, list) for values in attributes.values()):
        message = f'{path} must hold one JSON object of item to a list of attributes: {{"item": [1, 2], ...}}.'
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


@contextmanager
def opened_text(path: Path) -> Iterator[TextIO]:
    """A text file, decompressed when its first bytes are those of gzip.

    Raises:
        ConfigurationError: It cannot be read, or is no UTF-8.
    """
    try:
        with path.open("rb") as raw:
            compressed = raw.read(2) == b"\x1f\x8b"
        opener = gzip.open if compressed else open
        with opener(path, "rt", encoding="utf-8-sig") as file:
            yield file
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        message = f"{path} cannot be read: {error}."
        raise ConfigurationError(message) from error


def line_error(path: Path, number: int, what: str) -> ConfigurationError:
    """An error that names the line."""
    return ConfigurationError(f"{path}, line {number}: {what}.")
