"""The tables in docs/ say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from schemas.event_types import ALIASES, EVENT_TYPES
from schemas.failures import Reason
from schemas.results import RESULTS
from schemas.settings import Settings

DOCS = Path(__file__).parents[3] / "docs"


def rows(page: str, heading: str = "") -> dict[str, list[str]]:
    """The rows of the tables of a page below a heading, by what stands in backquotes in their first cell."""
    text = (DOCS / page).read_text()
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ")[0] if heading else text
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:2] == "| "]
    return {row[0].strip("`"): row[1:] for row in cells if row[0].startswith("`")}


def names(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def test_every_reason_for_a_failure_is_explained() -> None:
    assert rows("failed-events.md").keys() == {reason.value for reason in Reason}


def test_every_setting_is_listed_with_its_default() -> None:
    listed = rows("settings.md")

    assert listed.keys() == {f"SHOP_{name.upper()}" for name in Settings.model_fields}


def test_every_event_type_is_listed_with_its_topic_fields_and_aliases() -> None:
    listed = rows("events.md", "Types")

    assert listed.keys() == EVENT_TYPES.keys()
    for name, (topic, required, aliases) in listed.items():
        assert names(topic) == {EVENT_TYPES[name].topic}
        assert names(required) == set(EVENT_TYPES[name].required)
        assert names(aliases) == {alias for alias, canonical in ALIASES.items() if canonical == name}


def test_every_result_is_defined() -> None:
    defined = set(re.findall(r"^\*\*(\w+)\*\*: one row", (DOCS / "metrics.md").read_text(), re.MULTILINE))

    assert defined == {result.name for result in RESULTS}


def test_decisions_are_numbered_without_holes_and_listed_with_their_titles() -> None:
    decisions = sorted(path for path in (DOCS / "adr").glob("*.md") if path.name != "README.md")
    titles = [path.read_text().split("\n", 1)[0] for path in decisions]
    listed = re.findall(r"^\| \[(\d{4})\]\(([^)]+)\) \| (.+) \|$", (DOCS / "adr/README.md").read_text(), re.MULTILINE)

    assert [path.name[:4] for path in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    assert [f"# {number}: {title}" for number, _, title in listed] == titles
    assert [name for _, name, _ in listed] == [path.name for path in decisions]


def test_every_decision_that_is_referred_to_exists() -> None:
    decisions = {path.name for path in (DOCS / "adr").glob("*.md")}
    numbers = {name[:4] for name in decisions}
    root = DOCS.parent
    pages = [*root.glob("*.md"), *DOCS.glob("**/*.md"), root / "bench/README.md"]
    sources = [path for room in ("jobs", "operations", "schemas") for path in (root / room).rglob("*.py")]
    for path in (*pages, *sources):
        text = path.read_text()
        assert set(re.findall(r"\bADR (\d{4})", text)) <= numbers, path
        assert set(re.findall(r"\badr/(\d{4}-[\w-]+\.md)", text)) <= decisions, path
