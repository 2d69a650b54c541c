"""What the pages list is complete, and their links lead somewhere; no platform is needed for that."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from local.downloads import Jars, read_lock
from local.parts import all_parts
from local.paths import ROOT, DataDirectory
from schemas.settings import PORT_OFFSETS, Settings

PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / page for page in ("bench/README.md", "deploy/README.md", "clients/python/README.md")),
]


def links(page: Path) -> set[Path]:
    """The files that a page links to."""
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    return {(page.parent / target).resolve() for target in targets if not target.startswith("http")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_to_a_file_leads_to_one(page: Path) -> None:
    assert [target for target in links(page) if not target.exists()] == []


def test_the_readme_links_every_page() -> None:
    linked = links(ROOT / "README.md")
    decisions = ROOT / "docs/adr"
    pages = {page for page in PAGES if page.parent != decisions} - {ROOT / "README.md"}

    assert sorted(pages - {target / "README.md" if target.is_dir() else target for target in linked}) == []
    assert decisions / "README.md" in linked


def test_the_platform_page_lists_every_part_and_every_port(tmp_path: Path) -> None:
    parts = (ROOT / "docs/platform.md").read_text(encoding="utf-8").split("| part |")[1].split("\n\n")[0]
    known = all_parts(Settings(data_dir=tmp_path), DataDirectory(tmp_path), Jars(read_lock(), tmp_path))

    assert re.findall(r"^\| `([\w-]+)`", parts, re.MULTILINE) == [part.name for part in known]
    assert sorted(map(int, re.findall(r"base \+ (\d+)", parts))) == sorted(PORT_OFFSETS.values())


def test_the_terms_of_the_glossary_are_in_order() -> None:
    for section in (ROOT / "docs/glossary.md").read_text(encoding="utf-8").split("\n## ")[1:]:
        terms = [line.split(" | ")[0].removeprefix("| ").lower() for line in section.splitlines() if line[:2] == "| "]
        assert terms[1:] == sorted(set(terms[1:]))


LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
LAYERS = [
    set(layer.split(" | "))
    for contract in LINTER["contracts"]
    if contract["type"] == "layers"
    for layer in reversed(contract["layers"])
]
"""The rooms of each layer, the lowest first."""


def rooms() -> dict[str, tuple[int, str]]:
    """The layer of each room and what it may import, as ARCHITECTURE.md has them."""
    section = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("## Rooms\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| `(\w+)/` \| .+ \| (.+) \|$", section, re.MULTILINE)
    return {room: (int(layer), imports) for layer, room, imports in rows}


def forbidden_to(room: str) -> set[str]:
    """Other rooms that a contract forbids to this one, as a whole."""
    return {
        forbidden
        for contract in LINTER["contracts"]
        if contract["type"] == "forbidden" and room in contract["source_modules"]
        for forbidden in contract["forbidden_modules"]
    }


def test_the_architecture_names_every_room_in_its_layer() -> None:
    assert {room: layer for room, (layer, _) in rooms().items()} == {
        room: number for number, layer in enumerate(LAYERS, start=1) for room in layer
    }
    assert rooms().keys() == set(LINTER["root_packages"])


def test_the_architecture_says_what_a_room_may_import_as_the_contracts_do() -> None:
    for room, (layer, imports) in rooms().items():
        below = set[str]().union(*LAYERS[: layer - 1])
        everything, _, exceptions = imports.partition(";")[0].partition(" except ")
        assert everything == ("all below" if below else "nothing"), room
        assert set(re.findall(r"`(\w+)`", exceptions)) == below & forbidden_to(room), room


def test_the_architecture_names_every_folder() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    folders = {path.split("/")[0] for path in listed.splitlines() if "/" in path and not path.startswith(".")}
    named = re.findall(r"^\|(?: \d+ \|)? `([\w-]+)/", (ROOT / "ARCHITECTURE.md").read_text("utf-8"), re.MULTILINE)

    assert sorted(named) == sorted(folders)
