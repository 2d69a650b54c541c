"""Loads the ``.sql`` files of a package, and names how long their state is kept.

A STATE_TTL hint takes a literal and nothing else, so ours name a duration, which is replaced by its literal.
Nothing else of a file is changed.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

PERIOD_STATE_TTL: Final = "30 d"
"""State of a day, a minute or a session, after its last change (docs/adr/0002)."""

RETURNS_STATE_TTL: Final = "60 d"
"""What was attributed to a recommendation, in case it is given back."""

PRESENCE_STATE_TTL: Final = "60 d"
"""Who was there anonymously: a link that says who it was reaches 30 days back, and may be late itself."""

DEMAND_STATE_TTL: Final = "40 d"
"""Demand of an hour, which counts in a list of 30 days, and may be undone as long as it does."""

LATE_STATE_TTL: Final = "16 d"
"""What was counted already, for as long as an event may come that is late, after the longest stop (tested)."""

FOR_EVER: Final = "0 d"
"""Flink's word for state without an expiry."""

DURATIONS: Final = {
    "FOR_EVER": FOR_EVER,
    "PERIOD_STATE_TTL": PERIOD_STATE_TTL,
    "RETURNS_STATE_TTL": RETURNS_STATE_TTL,
    "PRESENCE_STATE_TTL": PRESENCE_STATE_TTL,
    "DEMAND_STATE_TTL": DEMAND_STATE_TTL,
    "LATE_STATE_TTL": LATE_STATE_TTL,
}
_HINT: Final = re.compile(r"STATE_TTL\([^)]*\)")
_DURATION: Final = re.compile(r"= '(\w+)'")


def load_sql(package: str, name: str) -> str:
    """The text of ``<name>.sql`` in ``package``, for example ``("jobs.analytics", "sales_daily")``.

    Raises:
        KeyError: A hint names a duration that there is not.
    """
    return with_durations((files(package) / f"{name}.sql").read_text(encoding="utf-8"))


def with_durations(text: str) -> str:
    """A query whose hints have durations in place of their names."""
    return _HINT.sub(lambda hint: _DURATION.sub(lambda name: f"= '{DURATIONS[name[1]]}'", hint[0]), text)
