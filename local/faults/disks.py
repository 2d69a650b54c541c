"""Faults of disks: the disk of checkpoints, Kafka or ClickHouse is full for a while.

Each of them gets a small disk of its own: a tmpfs, which only root may mount. Where it cannot be mounted, the fault is
not run, and its result says why.
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

from local.errors import PlatformError
from local.faults.context import FaultContext
from local.faults.fault import METRICS, Fault, PlatformSpec

FULL_SECONDS: Final = 20.0
REFILL_SECONDS: Final = 0.5
MOUNT_SECONDS: Final = 30.0
BLOCK: Final = bytes(1 << 20)
MIN_BLOCK_BYTES: Final = 1 << 10
FILLER: Final = "filler"
SIZES: Final = {"checkpoints": 192 << 20, "kafka": 768 << 20, "clickhouse": 768 << 20}
"""Folder of the data directory -> bytes of its disk."""


class FaultNotSupported(PlatformError):
    """This machine lacks what the fault needs."""


@contextmanager
def mounted(data: Path, disks: Mapping[str, int]) -> Iterator[None]:
    """Small disks in folders of a data directory, while the block runs.

    Raises:
        FaultNotSupported: They cannot be mounted.
    """
    with ExitStack() as mounts:
        for folder, size in disks.items():
            mount_point = data / folder
            mount_point.mkdir(parents=True, exist_ok=True)
            _run("mount", "-t", "tmpfs", "-o", f"size={size}", "shopstream-faults", str(mount_point))
            mounts.callback(_run, "umount", "--lazy", str(mount_point))
        yield


def fill(folder: str) -> Callable[[FaultContext], None]:
    """Leave no byte free on the disk of a folder for some seconds."""

    def inject(context: FaultContext) -> None:
        directory = context.platform.data.of(folder)
        context.log(f"the disk of {folder} is filled for {FULL_SECONDS:.0f} s")
        deadline = time.monotonic() + FULL_SECONDS
        try:
            while time.monotonic() < deadline:
                fill_up(directory / FILLER)
                context.pause(REFILL_SECONDS)
            context.log(f"{shutil.disk_usage(directory).free:,} bytes are free")
        finally:
            (directory / FILLER).unlink()

    return inject


def fill_up(filler: Path) -> None:
    """Make a file as large as its disk allows."""
    block = BLOCK
    with filler.open("ab", buffering=0) as file:
        while len(block) >= MIN_BLOCK_BYTES:
            try:
                file.write(block)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                block = block[: len(block) // 2]


def _run(*command: str) -> None:
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=MOUNT_SECONDS, check=False)
    except OSError as error:
        message = f"A small disk needs {command[0]}: {error}."
        raise FaultNotSupported(message) from error
    if process.returncode:
        message = f"A small disk cannot be mounted, which only root may: {process.stderr.strip()}"
        raise FaultNotSupported(message)


FAULTS: Final = tuple(
    Fault(
        f"disk-full-{folder}",
        f"the disk of {folder} (a tmpfs of {size >> 20} MB) has no byte free for {FULL_SECONDS:.0f} s",
        fill(folder),
        PlatformSpec(METRICS, disks=SIZES, isolation="disk"),
        slow_because="it needs a platform of its own, and root",
    )
    for folder, size in SIZES.items()
)
