"""Loads the ``.sql`` files of a package."""

from __future__ import annotations

from importlib.resources import files


def load_sql(package: str, name: str) -> str:
    """The text of ``<name>.sql`` in ``package``, for example ``("jobs.analytics", "sales_daily")``."""
    return (files(package) / f"{name}.sql").read_text(encoding="utf-8")
