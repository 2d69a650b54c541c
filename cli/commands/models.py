"""``models``: list, show, promote and roll back recommendation models."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import err, out, settings_of
from cli.progress import working

if TYPE_CHECKING:
    from recommender.publishing.live import LiveModels
    from recommender.publishing.promotion import Promotions
    from recommender.publishing.records import ModelRecord, ModelRecords
    from schemas.settings import Settings

models = typer.Typer(no_args_is_help=True, help="Recommendation models: list, show, promote, roll back.")

AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(models, name="models", rich_help_panel="Recommendations")


@models.command("list")
def list_models(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the models, the newest first."""
    from rich.table import Table

    settings, now = settings_of(ctx), datetime.now(UTC)
    with _opened(settings) as (_, records, live):
        every = records.all()
        served = live.active()
    if as_json:
        out.print_json(json.dumps([{**_object(record), "age_seconds": _age_seconds(record, now)} for record in every]))
        return
    table = Table("version", "model", "made", "data to", "users", "items", "NDCG@10", "HR@10", "", box=None)
    for column in table.columns[4:8]:
        column.justify = "right"
    for record in every:
        table.add_row(*_row(record), _state(record, served))
    out.print(table)
    for warning in _warnings(every, settings, now):
        err.print(f"[yellow]{warning}[/]")


@models.command()
def show(
    ctx: typer.Context,
    version: Annotated[str | None, typer.Argument(help="The version; without it, the active one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a model: its data, parameters, metrics, and how it compared with the active one."""
    from rich.table import Table

    with _opened(settings_of(ctx)) as (_, records, _live):
        record = _record_of(records, version or records.active())
    if as_json:
        out.print_json(json.dumps(_object(record)))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in _object(record).items():
        table.add_row(f"[bold]{name}[/]", json.dumps(value) if isinstance(value, dict) else str(value))
    out.print(table)


@models.command()
def promote(
    ctx: typer.Context,
    version: Annotated[str, typer.Argument(help="The version.", show_default=False)],
) -> None:
    """Serve a model from now on, whatever its metrics; its lists are published first if they are missing."""
    with _opened(settings_of(ctx)) as (promotions, _, _live), working(f"Promoting {version} ..."):
        promotions.promote(version, "promoted by hand", datetime.now(UTC))
    err.print(f"{version} is served.")


@models.command()
def rollback(ctx: typer.Context) -> None:
    """Serve the model that was active before."""
    with _opened(settings_of(ctx)) as (promotions, _, _live), working("Rolling back ..."):
        version = promotions.roll_back(datetime.now(UTC))
    err.print(f"{version} is served again.")


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Promotions, ModelRecords, LiveModels]]:
    from contextlib import closing

    from connections.clickhouse import connected
    from recommender.publishing.live import LiveModels, connect
    from recommender.publishing.promotion import Promotions
    from recommender.publishing.records import ModelRecords
    from recommender.ranking import Rules
    from recommender.store import ModelStore

    with connected(settings, settings.clickhouse_database) as client, closing(connect(settings)) as redis:
        records = ModelRecords(client)
        live = LiveModels(redis, Rules.of(settings), settings.recommendation_ttl_seconds)
        yield Promotions(ModelStore(settings.model_store_url), records, live), records, live


def _record_of(records: ModelRecords, version: str) -> ModelRecord:
    from recommender.errors import ModelError

    for record in records.all():
        if record.version == version:
            return record
    message = f"There is no model {version!r}: './shop models list' shows them, './shop submit training' makes one."
    raise ModelError(message)


def _object(record: ModelRecord) -> dict[str, object]:
    from schemas.recommendations import utc_text

    return {name: utc_text(value) if isinstance(value, datetime) else value for name, value in asdict(record).items()}


def _row(record: ModelRecord) -> tuple[str, ...]:
    return (
        record.version,
        record.name,
        f"{record.created_at:%Y-%m-%d %H:%M}",
        f"{record.data_to:%Y-%m-%d %H:%M}",
        f"{record.users:,}",
        f"{record.items:,}",
        *(f"{record.metrics[name]:.4f}" if name in record.metrics else "-" for name in ("NDCG@10", "HR@10")),
    )


def _age_seconds(record: ModelRecord, now: datetime) -> float:
    return (now - record.created_at).total_seconds()


def _warnings(records: Iterable[ModelRecord], settings: Settings, now: datetime) -> list[str]:
    """What somebody should look at: that the active model is old."""
    from schemas.model_age import age_warning

    most = settings.recommendation_model_max_age_seconds
    warnings = [age_warning(each.version, each.created_at, now, most) for each in records if each.is_active]
    return [warning for warning in warnings if warning]


def _state(record: ModelRecord, served: str) -> str:
    """Whether the model is active, and what to do where Redis does not serve it."""
    if record.is_active and served != record.version:
        return "[yellow]active, but Redis does not serve it: promote it again[/]"
    return "[green]active[/]" if record.is_active else ""
