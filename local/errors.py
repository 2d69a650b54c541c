"""What the embedded platform cannot do."""

from __future__ import annotations

from schemas.errors import ShopError


class PlatformError(ShopError):
    """The embedded platform cannot do what was asked."""

    exit_code = 4


class DownloadError(PlatformError):
    """A part of the platform could not be fetched."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(
            f"Could not fetch {what}: {reason}. Check that Maven Central and PyPI can be reached, then try again; "
            "what has arrived so far is kept."
        )
        self.what = what


class DiskFull(PlatformError):
    """No room is left where the platform keeps its data."""

    def __init__(self, path: str, free_bytes: int, needed_bytes: int) -> None:
        super().__init__(
            f"Only {free_bytes / 1e9:.2f} GB are free at {path}, and {needed_bytes / 1e9:.2f} GB are needed. "
            "Free some, or choose another place with --data-dir."
        )
        self.path = path
