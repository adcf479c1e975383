"""What plugins offer, described as data and as text."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

import attrs

from petra.cli.console.output import shown
from petra.plugin.groups import OfferGroup

if TYPE_CHECKING:
    from petra.blocks import BlockSpec, Member
    from petra.plugin import Offer, Plugin

Described = dict[str, Any]


def describe_plugin(plugin: Plugin) -> Described:
    """Return the description of a plugin and of its offers."""
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "summary": plugin.summary,
        "offers": [describe_offer(offer) for offer in plugin.offers],
    }


def describe_offer(offer: Offer) -> Described:
    """Return the description of one offer."""
    head: Described = {"group": offer.group.value, "name": offer.name, "plugin": offer.plugin}
    if offer.group in (OfferGroup.BLOCK, OfferGroup.CONDITION):
        return head | _block(offer.block.spec)
    if offer.group is OfferGroup.CLI_COMMAND:
        return head | {"doc": offer.cli_command.summary}
    where = {"process": offer.service.process} if offer.group is OfferGroup.SERVICE else {}
    return head | where | _kind(offer.section.config)


def _block(spec: BlockSpec) -> Described:
    return {
        "doc": spec.doc,
        "aliases": list(spec.aliases),
        "inputs": [_member(m) | {"required": m.required} for m in spec.inputs.values()],
        "outputs": [_member(m) for m in spec.outputs.values()],
        "params": [
            _member(m) | {"required": m.required, "bounds": _param_bounds(m)} for m in spec.params.values()
        ],
    }


def _member(member: Member[Any]) -> Described:
    return {
        "name": member.name,
        "aliases": list(member.aliases),
        "type": getattr(member, "type_name", type(member.default).__name__),
        "many": getattr(member, "many", False),
        "default": member.default,
        "unit": member.unit,
        "doc": member.doc,
    }


def _param_bounds(param: Any) -> str:
    from petra.settings.model import Bounds

    return str(Bounds(minimum=param.minimum, maximum=param.maximum, choices=param.choices))


def _kind(model: type) -> Described:
    return {"doc": inspect.cleandoc(model.__doc__ or ""), "settings": _settings(model, ())}


def _settings(model: type, within: tuple[type, ...]) -> list[Described]:
    """Return the settings of a model, and those of the models within it."""
    from petra.settings.model import settings, type_name

    found = []
    for setting in settings(model):
        inner = _inner(setting.type)
        default = setting.default
        found.append(
            {
                "name": setting.name,
                "aliases": list(setting.about.aliases),
                "type": type_name(setting.type),
                "required": setting.required,
                "default": default if isinstance(default, bool | int | float | str) else None,
                "unit": setting.about.unit,
                "bounds": str(setting.bounds),
                "doc": setting.about.doc,
                "settings": _settings(inner, (*within, model)) if inner and inner not in within else [],
            }
        )
    return found


def _inner(kind: Any) -> type | None:
    """Return the model that a setting holds, or holds many of."""
    for each in (kind, *get_args(kind)):
        if isinstance(each, type) and attrs.has(each):
            return each
    return None


def as_text(thing: Described) -> str:
    """Return a described offer as a person reads it."""
    lines = [f"{thing['group']} {thing['name']}"]
    if thing.get("aliases"):
        lines[0] += f" (also {', '.join(thing['aliases'])})"
    lines += [f"  {line}".rstrip() for line in str(thing["doc"]).splitlines()]
    if "process" in thing:
        where = "a process of its own" if thing["process"] else "the process of the engine"
        lines.append(f"  runs in {where} unless `process` says otherwise")
    for heading in ("inputs", "outputs", "params", "settings"):
        members = thing.get(heading, [])
        if members:
            lines.append(f"  {heading}:")
            lines += _rows(members)
    return "\n".join(lines)


def _rows(members: list[Described]) -> list[str]:
    rows = list(_indented(members, "    "))
    wide, typed = max(len(name) for name, _ in rows), max(len(m["type"]) for _, m in rows)
    return [f"{name.ljust(wide)}  {m['type'].ljust(typed)}  {_remarks(m)}".rstrip() for name, m in rows]


def _indented(members: list[Described], indent: str) -> Iterator[tuple[str, Described]]:
    for member in members:
        many = " ..." if member.get("many") else ""
        yield indent + ", ".join([member["name"], *member["aliases"]]) + many, member
        yield from _indented(member.get("settings", []), indent + "  ")


def _remarks(member: Described) -> str:
    value = member["default"]
    default = "" if value in (None, "") else f"default {shown(value) if isinstance(value, bool) else value}"
    parts = [
        "required" if member.get("required") else default,
        member.get("bounds", ""),
        member["unit"],
        member["doc"],
    ]
    return "; ".join(part for part in parts if part)
