"""What the pages list is complete, and their links lead somewhere; no platform is needed for that."""

from __future__ import annotations

import re
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
