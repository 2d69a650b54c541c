"""Where the lake lies: a directory, or a bucket of an S3-compatible store. The only module that knows which.

A write appears at once or not at all: in a directory by a rename of what has reached the disk, in an object store
because an object is only there when its upload is complete.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from connections.errors import DependencyUnavailable
from schemas.errors import ConfigurationError
from schemas.settings import Settings

_TEMPORARY: Final = ".tmp"
"""Not ``.parquet``: whoever reads the lake by ``dt=*/*.parquet`` does not meet it."""


class Storage:
    """Named blobs under one root.

    Args:
        url: ``file:///dir``, or ``s3://bucket/prefix``; what an S3-compatible store needs goes behind a question mark
            (``?endpoint_override=host:9000&scheme=http``), its keys into the usual AWS_ variables.

    Raises:
        ConfigurationError: The URL names no store.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._filesystem, root = _filesystem(url)
        self._root = PurePosixPath(root)
        self._is_local = isinstance(self._filesystem, fs.LocalFileSystem)

    def read(self, name: str) -> bytes:
        """The bytes of one blob.

        Raises:
            FileNotFoundError: There is none of that name.
            DependencyUnavailable: The store does not answer.
        """
        with _errors(self.url), self._filesystem.open_input_file(self._path(name)) as file:
            return bytes(file.read())

    def write(self, name: str, content: bytes | pa.Buffer) -> None:
        """Put a blob in place, or replace the one of that name, at once.

        Raises:
            DependencyUnavailable: The store does not take it.
        """
        with _errors(self.url):
            if self._is_local:
                _write_file(Path(self._path(name)), content)
                return
            with self._filesystem.open_output_stream(self._path(name)) as file:
                file.write(content)

    def delete(self, name: str) -> None:
        """Delete a blob; harmless when it is not there."""
        with _errors(self.url):
            try:
                self._filesystem.delete_file(self._path(name))
            except FileNotFoundError:
                return

    def names(self, folder: str = "") -> list[str]:
        """The names of all blobs in a folder and the folders in it, in alphabetical order.

        Raises:
            DependencyUnavailable: The store does not answer.
        """
        selector = fs.FileSelector(self._path(folder), recursive=True, allow_not_found=True)
        with _errors(self.url):
            listed = self._filesystem.get_file_info(selector)
        paths = (PurePosixPath(each.path) for each in listed if each.type == fs.FileType.File)
        return sorted(str(path.relative_to(self._root)) for path in paths if path.suffix != _TEMPORARY)

    def location(self, name: str) -> str:
        """Where a blob lies, for other programs: a path, or a URL."""
        if self._is_local:
            return self._path(name)
        return f"{self._filesystem.type_name}://{self._path(name)}"

    def _path(self, name: str) -> str:
        return str(self._root / name)


def lake_storage(settings: Settings) -> Storage:
    """The lake's own."""
    return Storage(settings.lake_url)


def _filesystem(url: str) -> tuple[fs.FileSystem, str]:
    parts = urlsplit(url)
    if parts.scheme == "file":
        return fs.LocalFileSystem(), unquote(parts.path)
    try:
        filesystem, root = fs.FileSystem.from_uri(url)
    except (pa.ArrowInvalid, ValueError) as error:
        message = f"No lake can be at {url!r}: {error}. Give file:///directory or s3://bucket/prefix."
        raise ConfigurationError(message) from error
    return filesystem, root


def _write_file(path: Path, content: bytes | pa.Buffer) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + _TEMPORARY)
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class _errors:  # noqa: N801 - used as a function
    """Turns what a store says into our tree; a blob that is not there stays a FileNotFoundError."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: Any) -> None:
        if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
            raise DependencyUnavailable("The lake", self._url, str(error)) from error
