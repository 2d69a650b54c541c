"""The generated blocks of docs/ are what ``./shop docs`` would write."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from cli.context import ROOT
from cli.documentation.blocks import Block
from cli.documentation.commands import command_reference
from cli.documentation.pages import blocks
from cli.documentation.settings import settings_table
from cli.main import app
from schemas.settings import Settings


def shop() -> TyperGroup:
    command = typer.main.get_command(app)
    assert isinstance(command, TyperGroup)
    return command


@pytest.mark.parametrize("block", blocks(shop()), ids=lambda block: block.name)
def test_a_generated_block_is_what_the_code_says(block: Block) -> None:
    text = (ROOT / block.page).read_text(encoding="utf-8")

    assert block.filled_in(text) == text, "./shop docs writes it anew"


def test_neither_the_environment_nor_the_terminal_changes_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [block.render() for block in blocks(shop())]
    for name, value in {"SHOP_PORT_BASE": "20000", "SHOP_TIME_ZONE": "Europe/Berlin", "COLUMNS": "40"}.items():
        monkeypatch.setenv(name, value)

    assert [block.render() for block in blocks(shop())] == before


def test_every_setting_has_a_default_and_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
    assert [name for name, field in Settings.model_fields.items() if field.is_required()] == []


def test_the_row_of_a_setting() -> None:
    rows = settings_table().splitlines()

    assert any(row.startswith("| `SHOP_PORT_BASE` | `19000` | 1,024 to 65,000 | First port of ") for row in rows)
    assert "| `SHOP_CLICKHOUSE_URL` | `http://127.0.0.1:19123` |  | URL of ClickHouse's HTTP interface. |" in rows
    assert any(row.startswith("| `SHOP_LAKE_URL` | `file://$SHOP_DATA_DIR/lake` |") for row in rows)
    assert any(row.startswith("| `SHOP_KAFKA_GAPS` | `stop` | `stop`, `accept` |") for row in rows)
    assert any(row.startswith("| `SHOP_HTTP_TIMEOUT_SECONDS` | `10.0` | above 0 |") for row in rows)
    assert any(row.startswith("| `SHOP_SERVING_ACCESS_LOG` | `true` | `true`, `false` |") for row in rows)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


def test_the_sections_of_commands() -> None:
    made = typer.Typer(name="made")

    @made.callback()
    def everywhere() -> None:
        """A program."""

    @made.command(rich_help_panel="Painting")
    def paint(
        where: Annotated[str, typer.Argument(help="Which wall.")],
        colour: Annotated[Colour, typer.Option(help="Of the paint.")] = Colour.RED,
        coats: Annotated[int | None, typer.Option(help="How many.", show_default="as it needs", min=1)] = None,
        without: Annotated[list[str] | None, typer.Option(help="What stays as it is.")] = None,
        dry: Annotated[bool, typer.Option("--dry", help="Wait\nuntil it is dry.")] = False,
    ) -> None:
        """Paint a wall.

        It takes a day.
        """

    @made.command(hidden=True)
    def mix() -> None:
        """Mix the paint."""

    group = typer.main.get_command(made)
    assert isinstance(group, TyperGroup)

    assert command_reference(group).partition("## Painting\n\n")[2] == (
        "### `./shop paint WHERE`\n"
        "\n"
        "Paint a wall.\n"
        "\n"
        "It takes a day.\n"
        "\n"
        "| argument or option | default | meaning |\n"
        "|---|---|---|\n"
        "| `WHERE` | required | Which wall. |\n"
        "| `--colour <red\\|blue>` | `red` | Of the paint. |\n"
        "| `--coats <int>` | as it needs | How many. At least 1. |\n"
        "| `--without <str>` |  | What stays as it is. May be repeated. |\n"
        "| `--dry` |  | Wait until it is dry. |"
    )


def commands(command: object) -> list[TyperCommand]:
    if isinstance(command, TyperGroup):
        return [each for within in command.commands.values() for each in commands(within)]
    return [command] if isinstance(command, TyperCommand) else []


def test_no_help_text_has_a_bracket_which_a_terminal_would_not_show() -> None:
    texts = [
        (command.name, text)
        for command in commands(shop())
        for text in (command.help, *(getattr(parameter, "help", None) for parameter in command.params))
    ]

    assert [(name, text) for name, text in texts if text is None or "[" in text] == []
