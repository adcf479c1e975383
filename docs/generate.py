"""Fills the reference pages from the code while the site is built, so that they cannot drift from it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_origin

import attrs
import click
from attrs import has

from petra.cli.blocks import block_cases
from petra.cli.main import petra
from petra.config.codes import GROUPS
from petra.config.models import BlockConfig, EngineConfig, GroupConfig, PlantConfig, SignalConfig, TaskConfig
from petra.config.providers import LATER, LATER_BLOCKS
from petra.drivers import Script
from petra.library import plugin
from petra.plugin import Catalog, Offer, hookspecs
from petra.plugin.groups import OfferGroup
from petra.plugin.kinds import CliCommand, DriverKind, ServiceKind
from petra.settings import Setting, settings
from petra.settings.model import optional, type_name


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace each `<!-- generate: NAME -->` by the generated part."""
    return re.sub(r"<!-- generate: (\w+) -->", lambda match: _part(match.group(1)), markdown)


def _part(name: str) -> str:
    """Return a part by its name: one of those below, or the section of a plugin."""
    return PARTS[name]() if name in PARTS else section(name)


def section(name: str) -> str:
    """Return the tables of a plugin's section and of everything in it."""
    kind = Catalog.load().section(name)
    if kind is None:
        raise LookupError(f"no installed plugin provides the section {name!r}")
    return "\n\n".join(f"## `{path}`\n\n{model_table(model)}" for path, model in _within(name, kind.config))


def simulation() -> str:
    """Return the tables of a simulator's script."""
    return "\n\n".join(f"## `{path}`\n\n{model_table(model)}" for path, model in _within("script", Script))


def _within(path: str, model: type) -> Iterator[tuple[str, type]]:
    """Yield a model and the models inside it, each with its path of keys."""
    yield path, model
    for setting in settings(model):
        kind, many = optional(setting.type), ""
        if get_origin(kind) in (list, tuple, dict):
            kind, many = get_args(kind)[-1 if get_origin(kind) is dict else 0], "[]"
        if isinstance(kind, type) and attrs.has(kind):
            yield from _within(f"{path}.{setting.name}{many}", kind)


def configuration() -> str:
    """Return the tables of core's own models."""
    headings = {
        PlantConfig: "The document",
        SignalConfig: "A signal",
        GroupConfig: "A group of signals",
        BlockConfig: "A block",
        TaskConfig: "A task",
        EngineConfig: "The engine",
    }
    return "\n\n".join(
        f"## {headings.get(model) or f'`{path}`'}\n\n{model_table(model)}"
        for path, model in _within("document", PlantConfig)
    )


def original() -> str:
    """Return the keys of the original that are accepted but not read, and what replaces them."""
    rows = ["| where | key | replaced by |", "|---|---|---|"]
    models = (("the document", PlantConfig), ("a signal", SignalConfig), ("a block", BlockConfig))
    for where, model in models:
        rows += [
            f"| {where} | `{key}` | {reason or 'documentation; not read'} |"
            for key, reason in model.NOT_READ.items()
        ]
    rows += [f"| the document | `{name}` | a later version of {later} |" for name, later in LATER.items()]
    rows += [
        f"| the type of a block | `{name}` | a later version of {later} |"
        for name, later in LATER_BLOCKS.items()
    ]
    return "\n".join(rows)


def model_table(model: type) -> str:
    """Return the table of one model's settings."""
    rows = [
        f"| `{'`, `'.join(s.keys)}` | {type_name(s.type).replace('|', 'or')} | {_default(s)} | {_doc_of(s)} |"
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
    return "" if value in (None, "", (), {}, []) or has(type(value)) else f"`{value}`"


def _doc_of(setting: Setting) -> str:
    bounds = str(setting.bounds)
    unit = f" [{setting.about.unit}]" if setting.about.unit else ""
    text = f"{setting.about.doc}{unit}" + (f"; {bounds}" if bounds and setting.bounds.pattern is None else "")
    return text.replace("|", "\\|")


def problems() -> str:
    """Return every problem code with cause and remedy."""
    lines = []
    for heading, codes in GROUPS.items():
        lines.append(f"## {heading}\n")
        for name, code in codes.items():
            lines.append(f"### `{name}`\n\n{code.cause}\n\n**Cure.** {code.cure}\n")
    return "\n".join(lines)


def hooks() -> str:
    """Return every hook with its signature, and the classes that hooks return."""
    lines = []
    for group in OfferGroup:
        hook = getattr(hookspecs, group.hook)
        returns = str(inspect.signature(hook).return_annotation)
        lines.append(f"### `{group.hook}() -> {returns}`\n\n{inspect.getdoc(hook)}\n")
    lines += [
        f"### `{name}(engine)`\n\n{inspect.getdoc(getattr(hookspecs, name))}\n"
        for name in hookspecs.LIFE_CYCLE
    ]
    lines += [
        f"### `petra.{cls.__name__}`\n\n{inspect.getdoc(cls)}\n"
        for cls in (DriverKind, ServiceKind, CliCommand)
    ]
    return "\n".join(lines)


def blocks() -> str:
    """Return every block of the standard library with its ports and its test vectors."""
    catalog = Catalog.of(plugin)
    parts = []
    for module in plugin.MODULES:
        offers = [o for o in catalog.offers() if o.block.__module__ == f"petra.library.{module}"]
        parts.append(f"## {module.capitalize()}\n")
        parts += [_block(offer) for offer in offers]
    return "\n".join(parts)


def _block(offer: Offer) -> str:
    spec = offer.block.spec
    also = f" (also {', '.join(f'`{name}`' for name in spec.aliases)})" if spec.aliases else ""
    lines = [
        f"### `{offer.name}`\n",
        f"{spec.doc}{also}\n",
        "| port or parameter | type | default | meaning |",
    ]
    lines.append("|---|---|---|---|")
    for kind, members in (("in", spec.inputs), ("out", spec.outputs), ("param", spec.params)):
        for member in members.values():
            names = ", ".join(f"`{name}`" for name in (member.name, *member.aliases))
            many = ", any number" if getattr(member, "many", False) else ""
            default = "" if member.default is None or kind == "out" else f"`{member.default}`"
            unit = f" [{member.unit}]" if member.unit else ""
            typed = member.type_name + many
            lines.append(f"| {kind} {names} | {typed} | {default} | {member.doc}{unit} |")
    for case in block_cases(offer):
        params = f" `{case['params']}`" if case["params"] else ""
        lines += ["", f"{case['about']}{params}", "", "| " + " | ".join(case["columns"]) + " |"]
        lines.append("|" + "---|" * len(case["columns"]))
        lines += ["| " + " | ".join(row) + " |" for row in case["rows"]]
    return "\n".join(lines) + "\n"


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
    "blocks": blocks,
    "commands": commands,
    "configuration": configuration,
    "hooks": hooks,
    "original": original,
    "problems": problems,
    "simulation": simulation,
}
