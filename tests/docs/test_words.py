"""Terms that this project once coined do not come back; docs/glossary.md has the field's own, which replaced them."""

from __future__ import annotations

import re
import subprocess
from functools import cache

import pytest

from local.paths import ROOT

REPLACED = {
    r"learn_says|LearntSays|SameSays|\bsays (are|were)\b": "ensemble weights",
    r"\bmeanings\b": "embeddings",
    r"\blikeness(es)?\b": "similarity",
    r"\balike\b": "similar",
    r"\bown_items\b|\bOwnItems\b": "repeat consumption",
    r"\bpulls?\b": "regularization",
    r"\bdice\b|\bby lot\b|\bdraws? lots\b": "rng, at random",
    r"\bdeeds?\b|\bDeeds?\b": "interaction",
    r"\bUserAsk\b|\basks\.py\b": "request",
    r"\bWanted\b": "query",
    r"\bwords\.py\b": "explanations",
    r"\bcutting\b": "stored lists",
    r"\bStretch(es)?\b|\bstretch(es)?\b": "offset range",
    r"\bwritten down\b": "prepared",
    r"\bbeginnings\b": "starting offsets",
    r"\bmovements?\b": "delta",
    r"\bMetricsJob\b": "SQL job",
    r"\bwarehouse\b(?!\")": "ClickHouse",
    r"\bJobKeeper\b|\bkeeper\b": "reconciler",
    r"\bstrikes?\b|\bmend(s|ed|ing)?\b|\bvictims?\b": "inject, repair, target",
    r"\bVerdict\b|\bContender\b": "result, contestant",
    r"\bdoubts?\b": "unconfirmed",
    r"^[ \t]*(found|told|said|asks)\b(: .+)? = |\bfor (found|told|said|asks) in\b": "a name for what it holds",
}
"""What must not stand anywhere, and the term in its place."""

FILES = ("*.py", "*.sql", "*.md", "*.toml", "*.yml", "*.yaml", "*.js", "*.avsc", "*.sh", "shop")
EXCEPTIONS = {
    "tests/docs/test_words.py",
    # models that were stored before the change still have the former names
    "recommender/models/former_names.py",
    "tests/unit/recommender/models/test_former_names.py",
}


@cache
def texts() -> dict[str, str]:
    """Every file of the repository that could have such a term."""
    listed = subprocess.run(["git", "ls-files", *FILES], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {path: (ROOT / path).read_text(encoding="utf-8") for path in listed.splitlines() if path not in EXCEPTIONS}


@pytest.mark.parametrize("pattern", REPLACED, ids=lambda pattern: REPLACED[pattern])
def test_a_replaced_term_stands_nowhere(pattern: str) -> None:
    term = re.compile(pattern, re.MULTILINE)
    places = [
        f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match[0].strip()}"
        for path, text in texts().items()
        for match in term.finditer(text)
    ]

    assert places == [], f"say {REPLACED[pattern]!r}"
