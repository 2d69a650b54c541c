"""The table of ``docs/settings.md``: every setting with its default, its values and its meaning."""

from __future__ import annotations

from typing import Literal, get_args, get_origin

import annotated_types
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from cli.documentation.blocks import bounds, table
from schemas.settings import Settings


def settings_table() -> str:
    """One row for each field of Settings, in their order. What is set in the environment plays no part."""
    defaults = Settings.model_construct()
    rows = [
        (f"`SHOP_{name.upper()}`", _default(getattr(defaults, name), defaults), _values(field), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return table(("variable", "default", "values", "meaning"), rows)


def _default(value: object, defaults: Settings) -> str:
    """A default as it would stand in the environment; paths below the data directory name its variable."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    if value == defaults.data_dir:
        text = ".shop"
    text = text.replace(str(defaults.data_dir), "$SHOP_DATA_DIR")
    return f"`{text}`" if text else ""


def _values(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(field.annotation))
    if field.annotation is bool:
        return "`true`, `false`"
    limits = {type(limit): limit for limit in field.metadata}
    if annotated_types.Gt in limits:
        return f"above {limits[annotated_types.Gt].gt:,}"
    at_least, at_most = limits.get(annotated_types.Ge), limits.get(annotated_types.Le)
    return bounds(at_least and at_least.ge, at_most and at_most.le)
