"""The page's files: small, vendored as published, and without markup made of data."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[3] / "dashboards" / "page"
MOST_BYTES = 300_000
VENDORED = {
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}
OURS = sorted(
    path for path in PAGE.rglob("*") if path.suffix in {".js", ".css", ".html"} and "vendor" not in path.parts
)
RUNS_MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser")
ELSEWHERE = re.compile(r"https?://(?!www\.w3\.org/2000/svg)")


def test_all_files_together_are_small() -> None:
    served = [path for path in PAGE.rglob("*") if path.is_file() and path.suffix != ".md"]
    assert 20_000 < sum(len(gzip.compress(path.read_bytes(), 9)) for path in served) < MOST_BYTES


@pytest.mark.parametrize("name", VENDORED)
def test_vendored_files_are_as_published(name: str) -> None:
    content = (PAGE / "vendor" / "uplot" / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == VENDORED[name]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_text_never_becomes_markup_and_nothing_comes_from_elsewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert RUNS_MARKUP.findall(text) == []
    assert ELSEWHERE.findall(text) == []
    assert len(text.splitlines()) <= 400


def test_the_first_file_has_nothing_inline() -> None:
    text = (PAGE / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<style|\son\w+=|\sstyle=|<script(?![^>]*\ssrc=)", text) == []
