"""What README and docs show is run: each ``$ ./shop ...`` of a ``console`` block, as it stands there.

``demo`` and ``test`` run nothing here: tests/integration/test_demo.py runs the first, and this is the second.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from local.paths import ROOT
from local.platform import Platform

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMANDS = [
    (page.relative_to(ROOT), line.removeprefix("$ "))
    for page in PAGES
    for block in BLOCK.findall(page.read_text())
    for line in block.splitlines()
    if line.startswith("$ ")
]
RUN_ELSEWHERE = ("./shop demo", "./shop test")

pytestmark = [pytest.mark.platform, pytest.mark.timeout(300)]


@pytest.mark.parametrize(
    ("page", "command"),
    [shown for shown in COMMANDS if shown[1] not in RUN_ELSEWHERE],
    ids=lambda value: str(value).replace("/", "."),
)
def test_a_shown_command_works(page: Path, command: str, platform: Platform, tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=os.environ | platform.settings.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert done.returncode == 0, f"{page}: {command}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_to_a_file_leads_to_one(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
