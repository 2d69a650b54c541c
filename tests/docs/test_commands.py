"""What README and docs show is run: each ``$ ./shop ...`` of a ``console`` block, as it stands there.

``demo`` and ``test`` run nothing here: tests/integration/test_main_job.py runs the first, and this is the second.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from local.commands import environment_of
from local.faults.expectation import expect
from local.paths import ROOT
from local.platform import Platform
from local.status import report
from schemas.settings import PORT_OFFSETS, Settings

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHOWN = [
    (page.relative_to(ROOT), line.removeprefix("$ "))
    for page in PAGES
    for block in BLOCK.findall(page.read_text())
    for line in block.splitlines()
    if line.startswith("$ ")
]
FIRST_PAGE = {command: page for page, command in reversed(SHOWN)}
COMMANDS = [(page, command) for page, command in dict.fromkeys(SHOWN) if FIRST_PAGE[command] == page]
"""Each command once, where it stands first."""
RUN_ELSEWHERE = ("./shop demo", "./shop test")

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]


@pytest.fixture(scope="module", autouse=True)
def _ready(platform: Platform) -> None:
    """The modules before kill parts of this platform."""
    expect("every part is ready", lambda: report(platform.settings).is_well)


@pytest.mark.parametrize(
    ("page", "command"),
    [shown for shown in COMMANDS if shown[1] not in RUN_ELSEWHERE],
    ids=lambda value: str(value).replace("/", "."),
)
def test_a_shown_command_works(page: Path, command: str, platform: Platform) -> None:
    done = subprocess.run(
        ["bash", "-c", on_the_ports_of(platform, command)],
        cwd=ROOT,
        env=environment_of(platform.settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert done.returncode == 0, f"{page}: {command}\n{done.stdout}\n{done.stderr}"


def on_the_ports_of(platform: Platform, command: str) -> str:
    """The command with the default ports of the platform's servers replaced by this platform's."""
    usual = Settings(port_base=19000)
    for part in PORT_OFFSETS:
        command = command.replace(f"127.0.0.1:{usual.port(part)}/", f"127.0.0.1:{platform.settings.port(part)}/")
    return command


def test_clickhouse_is_asked_as_the_page_shows(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    shown = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/platform.md").read_text(), re.MULTILINE | re.DOTALL)

    assert len(shown) == 1
    exec(shown[0].replace("port=19123", f"port={platform.settings.port('clickhouse')}"), {})
    assert re.search(r"Empty DataFrame|\bday\b.*\bcurrency\b.*\bnet\b", capsys.readouterr().out)
