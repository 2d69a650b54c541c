"""Which page has which generated block. A new one is a line here and its two markers in the page."""

from __future__ import annotations

from functools import partial

from typer.core import TyperGroup

from cli.documentation.blocks import Block
from cli.documentation.commands import command_reference
from cli.documentation.results import queries_reference, results_reference
from cli.documentation.settings import settings_table


def blocks(shop: TyperGroup) -> tuple[Block, ...]:
    """Every generated block of ``docs/``; ``shop`` is the command line that is described."""
    return (
        Block("docs/settings.md", "settings", settings_table),
        Block("docs/cli.md", "commands", partial(command_reference, shop)),
        Block("docs/metrics.md", "results", results_reference),
        Block("docs/metrics.md", "queries", queries_reference),
    )
