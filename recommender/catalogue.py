"""The products of a model: their indices and attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

ATTRIBUTES: Final = ("title", "category", "brand", "description", "price")
"""Attributes of a product, each as text."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Products by item index.

    Attributes:
        item_ids: Their ids, sorted.
        attributes: For each of ATTRIBUTES a text for each product, "" where it is not known.
    """

    item_ids: Sequence[str]
    attributes: Mapping[str, Sequence[str]]

    def table(self) -> pa.Table:
        """A row for each item index."""
        return pa.table({"item_id": pa.array(self.item_ids, pa.string()), **self.attributes})

    @classmethod
    def of_table(cls, table: pa.Table) -> Catalogue:
        """The reverse of ``table``."""
        columns = {name: table[name].to_pylist() for name in table.column_names}
        return cls(columns.pop("item_id"), columns)
