"""How old the model that is served is, and from when that is worth a warning."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)


def time_made(mark: bytes | None) -> datetime | None:
    """When a model was made, by the value of ``redis_keys.published``; None where that does not say it.

    Earlier releases wrote 1.
    """
    if mark is None or mark == b"1":
        return None
    return datetime.fromisoformat(mark.decode())


def age_text(age: timedelta) -> str:
    """An age in days, or in hours where it is less than two days."""
    return f"{age // _DAY} days" if age >= 2 * _DAY else f"{age // _HOUR} hours"


def age_warning(version: str, made_at: datetime | None, now: datetime, most_seconds: float) -> str:
    """What to say of a model that is served; "" where it is not older than it may be, or its age is not known."""
    if made_at is None or (age := now - made_at) <= timedelta(seconds=most_seconds):
        return ""
    return (
        f"The model {version} was made {age_text(age)} ago, and knows nothing of what came since: "
        "'./shop submit training' makes a new one."
    )
