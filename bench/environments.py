"""Python environments of their own, each from a lock file, for programs that pin other versions than the product."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from local.paths import ROOT

UV: Final = ROOT / ".tools" / "uv" / "bin" / "uv"
INSTALL_SECONDS: Final = 600


class EnvironmentUnavailable(Exception):
    """An environment cannot be made: a package is out of reach, say."""

    def __init__(self, command: list[str], reason: str) -> None:
        super().__init__(f"{' '.join(command)}: {reason}")


def peers_python() -> Path:
    """The interpreter of the peers."""
    return locked_python(ROOT / "bench" / "requirements.lock", ROOT / "bench" / ".venv")


def locked_python(lock: Path, directory: Path, seconds: float = INSTALL_SECONDS) -> Path:
    """The interpreter of the environment in ``directory``, which is made anew where it is none of today's ``lock``.

    Raises:
        EnvironmentUnavailable: It cannot be made, or takes longer than ``seconds``.
    """
    python, stamp = directory / "bin" / "python", directory / ".lock"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return python
    shutil.rmtree(directory, ignore_errors=True)
    print(f"Preparing the environment {directory.relative_to(ROOT)} ...", file=sys.stderr)
    for command in _with_uv(python, lock) or _with_pip(python, lock):
        _run(command, seconds)
    stamp.write_text(digest, encoding="utf-8")
    return python


def _run(command: list[str], seconds: float) -> None:
    try:
        outcome = subprocess.run(command, check=False, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise EnvironmentUnavailable(command, f"took more than {seconds:g} s") from error
    if outcome.returncode:
        raise EnvironmentUnavailable(command, outcome.stderr.strip()[-500:])


def _with_uv(python: Path, lock: Path) -> list[list[str]]:
    """By uv from the PATH, or the copy that ./shop has; [] where there is neither."""
    uv = shutil.which("uv") or (str(UV) if UV.exists() else None)
    if uv is None:
        return []
    install = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(lock)]
    return [[uv, "venv", "--quiet", "--python", "3.11", str(python.parent.parent)], install]


def _with_pip(python: Path, lock: Path) -> list[list[str]]:
    install = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)]
    return [[sys.executable, "-m", "venv", str(python.parent.parent)], install]
