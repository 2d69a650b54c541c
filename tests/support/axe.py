"""axe-core, fetched once by npm and checked by its hash: it finds what keeps people from using a page."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from local.paths import ROOT

VERSION = "4.14.1"
SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
FETCH_SECONDS = 60
SEVERE = ("serious", "critical")


def source() -> str:
    """Its text; the test is skipped where there is neither a copy nor a network."""
    copy = ROOT / ".tools" / f"axe-core-{VERSION}.tgz"
    if not copy.exists():
        _fetch(copy)
    digest = base64.b64encode(hashlib.sha512(copy.read_bytes()).digest()).decode()
    assert digest == SHA512, f"{copy} is not axe-core {VERSION}"
    with tarfile.open(copy) as packed:
        script = packed.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


def _fetch(copy: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("there is no npm to fetch axe-core with: nobody has looked whether the pages are accessible")
    copy.parent.mkdir(exist_ok=True)
    command = ["npm", "pack", f"axe-core@{VERSION}", "--silent", "--pack-destination", str(copy.parent)]
    try:
        subprocess.run(command, check=True, timeout=FETCH_SECONDS, capture_output=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"axe-core cannot be fetched, so nobody has looked whether the pages are accessible: {error}")


def severe_issues(page: Page, script: str) -> list[tuple[str, str, list[Any]]]:
    """Issues that are serious or critical: rule, what it asks for, and the elements."""
    page.evaluate(script)
    results = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        (issue["id"], issue["help"], [node["target"] for node in issue["nodes"]][:5])
        for issue in results["violations"]
        if issue["impact"] in SEVERE
    ]
