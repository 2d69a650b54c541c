"""Copies Flink's connector jars, as the lock pins them, into a directory: ``python -m local.connectors DIR``.

Images of Flink are built with it, so that production runs the jars that the embedded platform runs.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from local.downloads import Jars, default_cache, read_lock


def copy_connectors(jars: Jars, directory: Path) -> list[Path]:
    """Fetch the connectors if need be and copy them; where each one is now.

    Raises:
        DownloadError: One cannot be fetched.
    """
    jars.fetch(lambda _name, _done, _total: None)
    directory.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copy(jar, directory)) for jar in jars.paths("flink")]


if __name__ == "__main__":
    copy_connectors(Jars(read_lock(), default_cache()), Path(sys.argv[1]))
