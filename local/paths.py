"""The layout of the data directory of one embedded platform."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.errors import PlatformError
from schemas.errors import ConfigurationError

ROOT: Final = Path(__file__).resolve().parent.parent
"""The repository: the parts that are our own programs run from here."""

MARKER: Final = ".shopstream"
"""A data directory holds a file of this name, so that ``down --purge`` never deletes anything else."""


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """The data directory ``root`` and the places in it."""

    root: Path

    @property
    def state_file(self) -> Path:
        """The state of the parts, as the supervisor last wrote it."""
        return self.root / "platform.json"

    @property
    def jobs_file(self) -> Path:
        """The jobs that are to run."""
        return self.root / "jobs.json"

    @property
    def supervisor_lock(self) -> Path:
        """Held by the supervisor as long as it lives; contains its process id."""
        return self.root / "supervisor.lock"

    @property
    def start_lock(self) -> Path:
        """Held by an ``up`` or ``down`` while it works."""
        return self.root / "start.lock"

    @property
    def logs(self) -> Path:
        """One log for each part."""
        return self.root / "logs"

    def log(self, part: str) -> Path:
        """The log of one part."""
        return self.logs / f"{part}.log"

    def of(self, part: str) -> Path:
        """Where one part keeps its own files."""
        return self.root / part

    @property
    def scratch(self) -> Path:
        """Flink's temporary files.

        They lie in the system's temporary directory, as Flink's script that starts Python workers breaks on a blank
        in their path, and the data directory may have one.
        """
        name = hashlib.sha256(str(self.root).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"shopstream-{name}"

    def create(self) -> None:
        """Make the directory, or accept one that an earlier run made.

        Raises:
            ConfigurationError: The directory holds other files.
            PlatformError: It cannot be made.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if not self.is_ours and any(self.root.iterdir()):
                message = f"{self.root} is not empty and no data directory of shopstream. Choose another --data-dir."
                raise ConfigurationError(message)
            (self.root / MARKER).touch()
            self.logs.mkdir(exist_ok=True)
        except OSError as error:
            message = f"Cannot write to the data directory {self.root}: {error.strerror}. Choose another --data-dir."
            raise PlatformError(message) from error

    @property
    def is_ours(self) -> bool:
        """Whether an earlier run made this directory."""
        return (self.root / MARKER).is_file()

    def purge(self) -> None:
        """Delete the directory with all the platform's data.

        Raises:
            ConfigurationError: It was not made by shopstream.
        """
        if not self.root.exists():
            return
        if not self.is_ours:
            message = f"{self.root} was not made by shopstream, so it is not deleted."
            raise ConfigurationError(message)
        shutil.rmtree(self.root)
        shutil.rmtree(self.scratch, ignore_errors=True)
