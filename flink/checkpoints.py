"""Where the checkpoints of a job lie, and which of them it goes on from."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from schemas.settings import Settings


def checkpoint_directory(settings: Settings, name: str) -> Path | None:
    """Where the checkpoints of a job lie; None when they lie in no directory of this machine."""
    url = urlsplit(settings.checkpoint_url)
    return Path(unquote(url.path)) / name if url.scheme == "file" else None


def newest_checkpoint(directory: Path) -> Path | None:
    """The newest completed checkpoint or savepoint below ``<directory>/<job id>/``; None when there is none."""
    metadata = (path for kind in ("chk", "savepoint") for path in directory.glob(f"*/{kind}-*/_metadata"))
    completed = [(path.stat().st_mtime_ns, path.parent) for path in metadata]
    return max(completed)[1] if completed else None
