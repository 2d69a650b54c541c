"""``evaluate``: how good the recommendations are, by the protocols of published tables."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.context import err, out

if TYPE_CHECKING:
    from recommender.evaluation.report import Report


class ProtocolName(StrEnum):
    """Protocols of evaluation."""

    NEXT_ITEM = "next-item"
    SESSION = "session"
    SAMPLED = "sampled"
    TEMPORAL = "temporal"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Recommendations")(evaluate)


def evaluate(
    protocol: Annotated[ProtocolName, typer.Option(help="The protocol; docs/evaluate.md describes each.")],
    data: Annotated[
        Path | None, typer.Option(help="A file of the protocol's format, or a folder with one.", exists=True)
    ] = None,
    attributes: Annotated[
        Path | None, typer.Option(help="next-item: attributes of the items, JSON.", exists=True, dir_okay=False)
    ] = None,
    train: Annotated[
        Path | None, typer.Option(help="session: the training sessions.", exists=True, dir_okay=False)
    ] = None,
    test: Annotated[
        Path | None, typer.Option(help="session: pairs of prefix and label.", exists=True, dir_okay=False)
    ] = None,
    test_purchases: Annotated[
        Path | None,
        typer.Option(help="temporal: right items, user,item, in place of a cut.", exists=True, dir_okay=False),
    ] = None,
    cut: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="temporal: when the test part begins, UTC."),
    ] = None,
    repeats: Annotated[
        bool,
        typer.Option("--repeats/--no-repeats", help="temporal: whether bought products may be recommended."),
    ] = True,
    model: Annotated[str, typer.Option(help="The blend, or one of its parts, such as ials.")] = "blend",
    seed: Annotated[int, typer.Option(help="The same seed and data give the same figures.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Choose a model's parameters on a validation split, fit it, and measure it on the test part."""
    from recommender.evaluation.protocols import run
    from recommender.evaluation.request import Request

    when = None if cut is None else cut.replace(tzinfo=UTC)
    request = Request(data, attributes, train, test, test_purchases, when, repeats, model, seed)
    began = time.monotonic()

    def progress(step: str) -> None:
        err.print(f"[dim]{time.monotonic() - began:6.1f} s[/]  {step}", soft_wrap=True)

    report = run(protocol.value, request, progress)
    if as_json:
        out.file.write(json.dumps(report.as_json()) + "\n")
        return
    _print(report)


def _print(report: Report) -> None:
    result = report.result
    table = Table("model", *result.metrics, title=f"{report.protocol}: {result.model}")
    for name, metrics in {result.model: result.metrics, **result.baselines}.items():
        table.add_row(name, *(f"{metrics[key]:.4f}" for key in result.metrics))
    out.print(table)
    out.print(f"parameters: {json.dumps(dict(result.parameters))}", soft_wrap=True)
    out.print(f"{report.seconds:.1f} s, {report.cpu_seconds:.1f} s of CPU")
