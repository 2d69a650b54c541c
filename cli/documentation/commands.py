"""The reference of ``docs/cli.md``: every command with its arguments, options, defaults and help.

It is made from the same Typer objects that ``--help`` prints, but without a terminal's width or the environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from cli.documentation.blocks import bounds, table

DATE_PARTS = {"%Y": "YYYY", "%m": "MM", "%d": "DD", "%H": "hh", "%M": "mm", "%S": "ss", "%f": "ffffff"}
"""How a part of a date is written for a reader, by its code in a format of strptime's."""


def command_reference(shop: TyperGroup) -> str:
    """Every command that is not hidden, below the panels of ``./shop --help``, in its order."""
    root = typer.Context(shop, info_name="./shop")
    panels: dict[str, list[str]] = {}
    for command in shop.commands.values():
        if isinstance(command, TyperCommand | TyperGroup) and not command.hidden:
            panels.setdefault(str(command.rich_help_panel), []).extend(_sections(command, root))
    parts = ["## Options of every command", "They stand before the command's name.", _parameters(shop, root)]
    for panel, sections in panels.items():
        parts += [f"## {panel}", *sections]
    return "\n\n".join(part for part in parts if part)


def _sections(command: TyperCommand | TyperGroup, parent: typer.Context) -> Iterator[str]:
    """A command's heading, help and table, and those of the commands within it."""
    context = typer.Context(command, info_name=command.name, parent=parent)
    arguments = [_name(parameter, context) for parameter in command.params if isinstance(parameter, TyperArgument)]
    yield f"### `{' '.join([context.command_path, *arguments])}`"
    yield (command.help or "").strip()
    yield _parameters(command, context)
    for within in command.commands.values() if isinstance(command, TyperGroup) else ():
        if isinstance(within, TyperCommand) and not within.hidden:
            yield from _sections(within, context)


def _parameters(command: TyperCommand | TyperGroup, context: typer.Context) -> str:
    rows = [
        (f"`{_name(parameter, context)}`", _default(parameter), _meaning(parameter))
        for parameter in command.params
        if isinstance(parameter, TyperArgument | TyperOption) and not parameter.hidden
    ]
    return table(("argument or option", "default", "meaning"), rows) if rows else ""


def _name(parameter: TyperArgument | TyperOption, context: typer.Context) -> str:
    """``--rate <float>``, ``--json``, ``JOB`` or ``[PATH]``."""
    if isinstance(parameter, TyperArgument):
        name = parameter.display_name_raw.upper() + ("..." if parameter.nargs != 1 else "")
        return name if parameter.required else f"[{name}]"
    name = ", ".join([*parameter.opts, *parameter.secondary_opts])
    return name if parameter.is_flag else f"{name} {_type(parameter, context)}"


def _type(option: TyperOption, context: typer.Context) -> str:
    text = option.display_type(context).replace(" range>", ">")
    text = re.sub(r"<list\[(.+)]>", r"<\1>", text)
    return re.sub("%[a-zA-Z]", lambda code: DATE_PARTS[code[0]], text)


def _default(parameter: TyperArgument | TyperOption) -> str:
    if parameter.required:
        return "required"
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    value = parameter.default.value if isinstance(parameter.default, Enum) else parameter.default
    if value is None or value == "" or value is False:
        return ""
    if value is True and isinstance(parameter, TyperOption):
        return f"`{parameter.opts[0]}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _meaning(parameter: TyperArgument | TyperOption) -> str:
    sentences = [" ".join((parameter.help or "").split())]
    if limits := bounds(parameter.min, parameter.max):
        sentences.append(f"{limits[0].upper()}{limits[1:]}.")
    if isinstance(parameter, TyperOption) and parameter.multiple:
        sentences += [] if "repeated" in sentences[0] else ["May be repeated."]
    if parameter.envvar:
        sentences.append(f"Or set `{parameter.envvar}`.")
    return " ".join(sentences)
