"""The peers' own environment: they pin other versions of what the product stands on."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from local.paths import ROOT

LOCK: Final = ROOT / "bench" / "requirements.lock"
VENV: Final = ROOT / "bench" / ".venv"
UV: Final = ROOT / ".tools" / "uv" / "bin" / "uv"
INSTALL_SECONDS: Final = 600


def peers_python() -> Path:
    """The interpreter of the peers; makes their environment where there is none of today's lock."""
    python, stamp = VENV / "bin" / "python", VENV / ".lock"
    lock = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == lock:
        return python
    shutil.rmtree(VENV, ignore_errors=True)
    print(f"Preparing the peers' environment ({VENV.relative_to(ROOT)}) ...", file=sys.stderr)
    for command in _with_uv(python) or _with_pip(python):
        subprocess.run(command, check=True, timeout=INSTALL_SECONDS, stdout=sys.stderr)
    stamp.write_text(lock, encoding="utf-8")
    return python


def _with_uv(python: Path) -> list[list[str]]:
    """By uv from the PATH, or the copy that ./shop has; [] where there is neither."""
    uv = shutil.which("uv") or (str(UV) if UV.exists() else None)
    if uv is None:
        return []
    install = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(LOCK)]
    return [[uv, "venv", "--quiet", "--python", "3.11", str(VENV)], install]


def _with_pip(python: Path) -> list[list[str]]:
    install = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(LOCK)]
    return [[sys.executable, "-m", "venv", str(VENV)], install]
