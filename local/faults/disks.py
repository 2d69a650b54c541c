"""Faults of disks: the one that checkpoints, Kafka or ClickHouse lie on is full for a while.

Each lies on a small disk of its own, a tmpfs, which only root may mount; where it cannot be mounted, the fault says so
and is not run.
"""

from __future__ import annotations

import errno
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from local.faults.fault import METRICS, CannotBeDone, Fault, Stage
from local.faults.scene import Scene

FULL_SECONDS: Final = 20.0
REFILL_SECONDS: Final = 0.5
MOUNT_SECONDS: Final = 30.0
PIECE: Final = bytes(1 << 20)
SMALLEST: Final = 1 << 10
FILLER: Final = "filler"
SIZES: Final = {"checkpoints": 192 << 20, "kafka": 768 << 20, "clickhouse": 768 << 20}
"""Folder of the data directory -> bytes of its disk."""


@contextmanager
def mounted(data: Path, disks: Mapping[str, int]) -> Iterator[None]:
    """Small disks in folders of a data directory, while the block runs.

    Raises:
        CannotBeDone: They cannot be mounted.
    """
    with ExitStack() as mounts:
        for folder, size in disks.items():
            place = data / folder
            place.mkdir(parents=True, exist_ok=True)
            _run("mount", "-t", "tmpfs", "-o", f"size={size}", "shopstream-faults", str(place))
            mounts.callback(_run, "umount", "--lazy", str(place))
        yield


def fill(folder: str) -> Callable[[Scene], None]:
    """Leave no byte free on the disk of a folder for some seconds."""

    def strike(scene: Scene) -> None:
        place = scene.platform.data.of(folder)
        scene.tell(f"the disk of {folder} is filled for {FULL_SECONDS:.0f} s")
        deadline = time.monotonic() + FULL_SECONDS
        try:
            while time.monotonic() < deadline:
                fill_up(place / FILLER)
                scene.pause(REFILL_SECONDS)
            scene.tell(f"{shutil.disk_usage(place).free:,} bytes are free")
        finally:
            (place / FILLER).unlink()

    return strike


def fill_up(filler: Path) -> None:
    """Make a file as large as its disk allows."""
    piece = PIECE
    with filler.open("ab", buffering=0) as file:
        while len(piece) >= SMALLEST:
            try:
                file.write(piece)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                piece = piece[: len(piece) // 2]


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=MOUNT_SECONDS, check=False)
    except OSError as error:
        message = f"A small disk needs {command[0]}: {error}."
        raise CannotBeDone(message) from error
    if done.returncode:
        message = f"A small disk cannot be mounted, which only root may: {done.stderr.strip()}"
        raise CannotBeDone(message)


FAULTS: Final = tuple(
    Fault(
        f"disk-full-{folder}",
        f"the disk of {folder} (a tmpfs of {size >> 20} MB) has no byte free for {FULL_SECONDS:.0f} s",
        fill(folder),
        Stage(METRICS, disks=SIZES, own="disk"),
        slow_because="it needs a platform of its own, and root",
    )
    for folder, size in SIZES.items()
)
