"""Errors with models."""

from __future__ import annotations

from schemas.errors import ShopError


class ModelError(ShopError):
    """A model cannot be trained, found or promoted; the message says why."""
