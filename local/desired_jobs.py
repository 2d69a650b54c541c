"""Which jobs of one platform are to run: kept in a file of its data directory."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from coordination.files import locked, write_atomically
from local.paths import DataDirectory


class DesiredJobs:
    """The jobs that are to run, those that were cancelled, and the parallelism of those that have one of their own.

    They are kept in a file.

    Args:
        data: Whose data directory.
    """

    def __init__(self, data: DataDirectory) -> None:
        self._file = data.jobs_file
        self._lock = data.root / "jobs.lock"

    def names(self) -> list[str]:
        """The names, in the order in which they were added."""
        names: list[str] = self._read()["desired"]
        return names

    def parallelism_of(self, name: str) -> int | None:
        """The parallelism that an upgrade gave a job; None for that of the settings."""
        parallelism: int | None = self._read().get("parallelism", {}).get(name)
        return parallelism

    def set_parallelism(self, name: str, parallelism: int) -> None:
        """From now on ``name`` is to run with this parallelism."""
        with locked(self._lock):
            content = self._read()
            self._write(content | {"parallelism": {**content.get("parallelism", {}), name: parallelism}})

    def add(self, name: str) -> None:
        """From now on ``name`` is to run."""
        self._add([name], even_cancelled=True)

    def add_unless_cancelled(self, names: Iterable[str]) -> None:
        """From now on these are to run, but for those that somebody cancelled."""
        self._add(names, even_cancelled=False)

    def remove(self, name: str) -> None:
        """From now on ``name`` is not to run, and ``up`` does not start it."""
        with locked(self._lock):
            content = self._read()
            cancelled = [*content.get("cancelled", []), name]
            names = [each for each in content["desired"] if each != name]
            self._write(content | {"desired": names, "cancelled": sorted(set(cancelled))})

    def _add(self, names: Iterable[str], even_cancelled: bool) -> None:
        with locked(self._lock):
            content = self._read()
            cancelled = set(content.get("cancelled", []))
            added = [name for name in names if even_cancelled or name not in cancelled]
            desired = list(dict.fromkeys([*content["desired"], *added]))
            self._write(content | {"desired": desired, "cancelled": sorted(cancelled - set(added))})

    def _read(self) -> dict[str, Any]:
        if not self._file.exists():
            return {"desired": []}
        content: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        return content

    def _write(self, content: dict[str, Any]) -> None:
        write_atomically(self._file, json.dumps(content))
