"""Fills the reference pages from the code while the site is built, so that they cannot drift from it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import click

from petra.cli.main import petra
from petra.config.codes import GROUPS
from petra.config.models import BlockConfig, PlantConfig, SignalConfig
from petra.plugin import hookspecs
from petra.plugin.groups import Group
from petra.plugin.kinds import Command, Kind
from petra.settings import Setting, settings
from petra.settings.model import type_name


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace each `<!-- generate: NAME -->` by what that part of the code says."""
    return re.sub(r"<!-- generate: (\w+) -->", lambda match: PARTS[match.group(1)](), markdown)


def configuration() -> str:
    """Return the tables of core's own models."""
    parts = [("The document", PlantConfig), ("A signal", SignalConfig), ("A block", BlockConfig)]
    return "\n\n".join(f"## {heading}\n\n{model_table(model)}" for heading, model in parts)


def model_table(model: type) -> str:
    """Return the table of one model's settings."""
    rows = [
        f"| `{'`, `'.join(s.keys)}` | {type_name(s.type).replace('|', 'or')} | {_default(s)} | {_said(s)} |"
        for s in settings(model)
    ]
    head = (
        f"{inspect.cleandoc(model.__doc__ or '')}\n\n| key | type | default | meaning |\n|---|---|---|---|\n"
    )
    return head + "\n".join(rows)


def _default(setting: Setting) -> str:
    if setting.required:
        return "**required**"
    value = getattr(setting.default, "value", setting.default)
    return "" if value in (None, "", (), {}, []) else f"`{value}`"


def _said(setting: Setting) -> str:
    bounds = str(setting.bounds)
    unit = f" [{setting.about.unit}]" if setting.about.unit else ""
    said = f"{setting.about.doc}{unit}" + (f"; {bounds}" if bounds and setting.bounds.pattern is None else "")
    return said.replace("|", "\\|")


def problems() -> str:
    """Return every problem code with its cause and cure."""
    lines = []
    for heading, codes in GROUPS.items():
        lines.append(f"## {heading}\n")
        for name, code in codes.items():
            lines.append(f"### `{name}`\n\n{code.cause}\n\n**Cure.** {code.cure}\n")
    return "\n".join(lines)


def hooks() -> str:
    """Return every hook with its signature, and what hooks return."""
    lines = []
    for group in Group:
        hook = getattr(hookspecs, group.hook)
        returns = str(inspect.signature(hook).return_annotation)
        lines.append(f"### `{group.hook}() -> {returns}`\n\n{inspect.getdoc(hook)}\n")
    lines += [f"### `petra.{cls.__name__}`\n\n{inspect.getdoc(cls)}\n" for cls in (Kind, Command)]
    return "\n".join(lines)


def commands() -> str:
    """Return the help of every command."""
    found = _walk(petra, click.Context(petra, info_name="petra"), "petra")
    helped = ((path, command.get_help(click.Context(command, info_name=path))) for path, command in found)
    return "\n".join(f"## `{path}`\n\n```text\n{text}\n```\n" for path, text in helped)


def _walk(group: click.Group, context: click.Context, path: str) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _walk(command, context, f"{path} {name}")


PARTS: dict[str, Callable[[], str]] = {
    "commands": commands,
    "configuration": configuration,
    "hooks": hooks,
    "problems": problems,
}
