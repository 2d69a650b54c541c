"""Modules do not import each other in circles. import-linter checks the same for packages and for the layers."""

from __future__ import annotations

import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]


def sort(imports: dict[str, set[str]]) -> None:
    """Raises CycleError for a circle."""
    TopologicalSorter(imports).prepare()


def test_no_module_imports_itself_by_way_of_others() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    graph = grimp.build_graph(*linter["root_packages"], cache_dir=None)
    imports = {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}
    assert "simulator.ledger.ledger" in imports["simulator.run"]
    sort(imports)


def test_a_circle_is_an_error() -> None:
    with pytest.raises(CycleError, match="nodes are in a cycle"):
        sort({"a": {"b"}, "b": {"c"}, "c": {"a"}})
