"""Which tables stand behind a query: those that its text names."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from dashboards.questions import Query
from schemas.results import RESULTS
from schemas.topics import EVENTS

TOPIC_OF: Final = {EVENTS: EVENTS} | {result.name: result.topic for result in RESULTS}
"""Table -> the topic that fills it."""

JOB_OF: Final = {result.name: result.job for result in RESULTS}
"""Table -> the job that computes it; none of events."""

TABLE_OF: Final = {topic: table for table, topic in TOPIC_OF.items()}
_SOURCE: Final = re.compile(r"\b(?:FROM|JOIN)\s+(\w+?)(?:_versions)?\b")
_BEHIND: Final = {"users_daily": ("users_daily", "user_days")}
"""Views of more than their own table."""


@cache
def tables_behind(query: Query) -> tuple[str, ...]:
    """The tables that a query reads, in alphabetical order."""
    named = {name for name in _SOURCE.findall(query.sql) if name in TOPIC_OF}
    return tuple(sorted({table for name in named for table in _BEHIND.get(name, (name,))}))
