"""The lines of a text file of any size, plain or compressed by gzip, in memory that does not grow with it."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Generator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from schemas.errors import ConfigurationError

MAX_LINE_BYTES: Final = 64 * 1024
_GZIP: Final = b"\x1f\x8b"
_BUFFER_BYTES: Final = 1 << 20


class Line(NamedTuple):
    """One line, or a piece of one that is longer than MAX_LINE_BYTES.

    Attributes:
        number: Its number in the file, from 1.
        content: Its bytes, the line's end included.
        whole: Whether that is all of the line.
    """

    number: int
    content: bytes
    whole: bool


class LineFile:
    """A file of lines. Whether it is compressed, its first bytes say.

    Args:
        path: The file.

    Raises:
        ConfigurationError: It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.size_bytes = path.stat().st_size
            with path.open("rb") as file:
                self._compressed = file.read(len(_GZIP)) == _GZIP
        except FileNotFoundError as error:
            message = f"There is no file {path}."
            raise ConfigurationError(message) from error
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror}."
            raise ConfigurationError(message) from error
        self._file: BinaryIO | None = None
        self._read_bytes = 0

    @property
    def read_bytes(self) -> int:
        """How much of ``size_bytes`` has been read by the lines of the last ``lines()``."""
        return self._read_bytes if self._file is None else self._file.tell()

    def first_line(self) -> bytes:
        """The first line or, where it is too long, its first piece; empty in an empty file."""
        with closing(self.lines()) as lines:
            return next((line.content for line in lines), b"")

    def lines(self) -> Generator[Line, None, None]:
        """The lines from the first on; a line that is too long comes in pieces, none of them whole.

        Raises:
            ConfigurationError: The file cannot be read on: a broken archive, a broken disk.
        """
        with ExitStack() as files:
            stream = self._open(files)
            number, after_end = 0, True
            while piece := self._next_piece(stream, number):
                ends = len(piece) < MAX_LINE_BYTES or piece.endswith(b"\n")
                number += after_end
                yield Line(number, piece, ends and after_end)
                after_end = ends

    def _open(self, files: ExitStack) -> BinaryIO:
        file = files.enter_context(self.path.open("rb", buffering=_BUFFER_BYTES))
        files.callback(self._closing)
        self._file = file
        if not self._compressed:
            return file
        inflated = files.enter_context(gzip.GzipFile(fileobj=file))
        return files.enter_context(io.BufferedReader(inflated, _BUFFER_BYTES))

    def _next_piece(self, stream: BinaryIO, number: int) -> bytes:
        try:
            return stream.readline(MAX_LINE_BYTES)
        except (OSError, EOFError, zlib.error) as error:
            message = (
                f"{self.path} cannot be read beyond line {number}: {error}. "
                "What came before is imported, and is counted once when a whole copy of the file is."
            )
            raise ConfigurationError(message) from error

    def _closing(self) -> None:
        if self._file is not None:
            self._read_bytes = self._file.tell()
            self._file = None
