"""The checks of a plugin that loads: documentation, valid defaults, repeatable blocks."""

from __future__ import annotations

import ast
import inspect
import json
import random
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from attrs import frozen

from petra.config.schema import model_schema
from petra.plugin.faults import PluginFault, one_line
from petra.plugin.groups import OfferGroup
from petra.scan import Bench
from petra.settings.model import settings

if TYPE_CHECKING:
    from petra.blocks import Block
    from petra.plugin.catalog import Catalog, Offer, Plugin

_SCANS = 50


@frozen
class Finding:
    """The result of one check: what was checked, and what is wrong (empty for a good result)."""

    check: str
    wrong: str = ""

    @property
    def good(self) -> bool:
        """Whether the check passed."""
        return not self.wrong


def check_conformance(catalog: Catalog, name: str) -> Iterator[Finding]:
    """Yield the findings about a plugin, check by check."""
    plugin = catalog.plugin(name)
    if isinstance(plugin, PluginFault):
        yield Finding("enters the catalog", f"{plugin.message} [{plugin.stage.value}]")
        return
    yield Finding("enters the catalog")
    yield Finding("offers something", "" if plugin.offers else "every hook returned an empty list")
    yield from _of_offers(plugin)


def _of_offers(plugin: Plugin) -> Iterator[Finding]:
    for offer in plugin.offers:
        if offer.group in (OfferGroup.BLOCK, OfferGroup.CONDITION):
            yield from _block(offer)
        elif offer.group is OfferGroup.CLI_COMMAND:
            yield _command(offer)
        else:
            yield from _section(f"{offer.group.value} {offer.name}", offer.section.config)


def _section(what: str, model: type) -> Iterator[Finding]:
    yield Finding(
        f"{what}: is documented", "" if _has_doc(model) else f"{model.__qualname__} has no docstring"
    )
    bare = [setting.name for setting in settings(model) if not setting.about.doc]
    yield Finding(
        f"{what}: every setting is documented",
        f"no about(...) on {', '.join(bare)}" if bare else "",
    )
    bad = [said for setting in settings(model) if (said := _bad_default(setting))]
    yield Finding(f"{what}: every default is allowed", "; ".join(bad))
    yield Finding(f"{what}: its schema is JSON", _trial(lambda: json.dumps(model_schema(model))))


def _bad_default(setting: Any) -> str:
    if setting.required or setting.default is None or setting.attribute.validator is None:
        return ""
    try:
        setting.attribute.validator(None, setting.attribute, setting.default)
    except AttributeError:
        return ""  # a validator that reads other fields cannot check one alone
    except Exception as error:  # noqa: BLE001 - a validator may raise anything
        return f"{setting.name}: {error.args[0] if error.args else error}"
    return ""


def _command(offer: Offer) -> Finding:
    import click  # only a plugin with commands needs it

    what = f"command {offer.name}: can be loaded"
    try:
        loaded: object = offer.cli_command.load()  # its annotation is what is being checked
    except Exception as error:  # noqa: BLE001 - an import may raise anything
        return Finding(what, one_line(error))
    return Finding(what, "" if isinstance(loaded, click.Command) else f"{loaded!r} is not a click command")


def _block(offer: Offer) -> Iterator[Finding]:
    cls = offer.block
    what = f"{offer.group.value} {offer.name}"
    yield Finding(f"{what}: is documented", "" if _has_doc(cls) else "it has no docstring")
    written, strange = _assigned(cls)
    silent = [name for name in cls.spec.outputs if written and name not in written]
    yield Finding(f"{what}: writes its outputs", f"step never writes {', '.join(silent)}" if silent else "")
    lost = f"step writes self.{strange[0]}, which is not declared: a reload loses it" if strange else ""
    yield Finding(f"{what}: remembers only what it declares", lost)
    if any(param.required for param in cls.spec.params.values()):
        return  # required parameters: no valid values are known here
    wrong = _trial(lambda: _run(cls, seed=1))
    if wrong:
        yield Finding(f"{what}: can be made and stepped", wrong)
        return
    first, second, called = _run(cls, seed=1), _run(cls, seed=1), _run(cls, seed=1, inline=False)
    yield Finding(f"{what}: can be made and stepped", _always_faults(first))
    yield Finding(
        f"{what}: the same inputs give the same outputs",
        "" if repr(first) == repr(second) else "two runs differ: does it read a clock or a random number?",
    )
    yield Finding(
        f"{what}: compiled and called, it does the same",
        ""
        if repr(first) == repr(called)
        else "the results differ; this is a defect of petra-core, please report it",
    )


def _run(cls: type[Block], seed: int, *, inline: bool = True) -> list[tuple[dict[str, Any], str]]:
    """Step a block through random inputs; return the outputs of each scan, and why it faulted, if it did."""
    chance = random.Random(seed)  # noqa: S311  # the sequence must be repeatable
    ports = {name: port.type for name, port in cls.spec.inputs.items() if not port.many}
    if cls.spec.many is not None:
        ports.update({f"{cls.spec.many.name}{i}": cls.spec.many.type for i in range(3)})
    bench = Bench(cls, {name: kind() for name, kind in ports.items()}, inline=inline)
    rows = []
    for _ in range(_SCANS):
        for name, kind in ports.items():
            bench.write(name, _sample(chance, kind))
        bench.scan(0.1)
        rows.append((bench.outputs(), bench.fault))
    return rows


def _always_faults(rows: list[tuple[dict[str, Any], str]]) -> str:
    reasons = {fault for _, fault in rows}
    return f"it faults in every scan: {rows[0][1]}" if "" not in reasons else ""


def _assigned(cls: type[Block]) -> tuple[set[str], list[str]]:
    """Return which members a step assigns to, and which of them are not declared, if its source is there."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls.step)))
    except (OSError, TypeError, SyntaxError):
        return set(), []
    written = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }
    return written, sorted(written - cls.spec.outputs.keys() - cls.spec.states.keys())


def _sample(chance: random.Random, kind: type) -> bool | int | float | str:
    if kind is bool:
        return chance.random() < 0.5
    if kind is int:
        return chance.choice((0, 1, 2, chance.randint(-100, 100)))
    return chance.uniform(-100.0, 100.0) if kind is float else chance.choice(["", "a", "b"])


def _trial(run: Any) -> str:
    try:
        run()
    except Exception as error:  # noqa: BLE001 - a plugin's code may raise anything
        return one_line(error)
    return ""


def _has_doc(cls: type) -> bool:
    return bool((vars(cls).get("__doc__") or "").strip()) and not str(cls.__doc__).startswith(
        "Method generated"
    )
