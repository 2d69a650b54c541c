"""Names of the tables of expected values, which ``./shop customer-values`` fills and no job does."""

from __future__ import annotations

from typing import Final

MODELS: Final = "customer_value_models"
HOLD_OUTS: Final = "customer_value_hold_outs"
ROWS: Final = "customer_value_rows"
"""The one that names people."""
